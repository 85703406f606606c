/** The seam between a write and whoever may change or refuse it. */
import type { JsonObject } from '../json.ts'
import type { Resource } from '../resources/resource.ts'
import type { Subresource } from '../resources/lifecycle.ts'

export interface UserInfo {
  readonly username: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE'
  readonly resource: Resource
  readonly subresource: Subresource
  readonly namespace: string
  readonly name: string
  readonly object: JsonObject | undefined
  readonly old: JsonObject | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  readonly options: JsonObject
  readonly warn: (text: string) => void
}

export interface Admission {
  /** Returns the object, changed or not. Throws a StatusError to refuse. */
  mutate(request: AdmissionRequest): Promise<JsonObject | undefined>
  validate(request: AdmissionRequest): Promise<void>
}
