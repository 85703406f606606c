/** Field ownership (`metadata.managedFields`). */
import type { JsonObject } from '../json.ts'
import type { Subresource } from './lifecycle.ts'
import type { Resource } from './resource.ts'

export function recordUpdate({
  next,
}: {
  resource: Resource
  subresource: Subresource
  current: JsonObject | undefined
  next: JsonObject
  manager: string
  now: number
}): JsonObject {
  return next
}
