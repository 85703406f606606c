/** Server-side apply. */
import { applyMergePatch } from './merge-patch.ts'
import type { JsonObject } from '../json.ts'
import { asObject } from '../json.ts'
import type { Subresource } from '../resources/lifecycle.ts'
import type { Resource } from '../resources/resource.ts'

export function applyConfiguration({
  applied,
  current,
}: {
  resource: Resource
  applied: JsonObject
  current: JsonObject | undefined
  manager: string
  force: boolean
  subresource: Subresource
  now: number
}): { readonly object: JsonObject } {
  return { object: asObject(applyMergePatch(current, applied)) }
}
