/** What is known of a write before it begins: of what, by whom, and how strictly. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { UserInfo } from '../admission/admission.ts'
import type { JsonObject } from '../json.ts'
import type { Subresource } from './lifecycle.ts'
import type { Resource } from './resource.ts'

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

export interface WriteContext {
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
  readonly subresource: Subresource
  readonly user: UserInfo
  readonly fieldManager: string
  readonly fieldValidation: FieldValidation
  readonly dryRun: boolean
  /** So much to read and write that others get their turn between the steps. */
  readonly isLarge?: boolean
  /** Fields that the request names twice. */
  readonly duplicateFields?: () => readonly string[]
  readonly warn: (text: string) => void
}

/** What an update makes of the current object; in the served version. */
export type Change = (current: JsonObject) => Changed | Promise<Changed>

interface Changed {
  readonly object: JsonObject
  /** Where unknown fields are reported; `body` is refused with 400, `patch` with 422. */
  readonly source: 'body' | { readonly patch: string }
  /** True when the change decided managedFields itself (apply). */
  readonly ownsManagedFields?: boolean
}

export async function giveWay({ isLarge }: WriteContext): Promise<void> {
  if (isLarge === true) await nextTurn()
}
