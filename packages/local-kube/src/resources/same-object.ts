/** Whether a write would change anything but the times at which fields were written. */
import { asArray, asObject, deepEqual } from '../json.ts'
import type { JsonObject } from '../json.ts'

export function isSame(current: JsonObject, next: JsonObject): boolean {
  return deepEqual(withoutManagedTimes(current), withoutManagedTimes(next))
}

function withoutManagedTimes(object: JsonObject): JsonObject {
  const metadata = asObject(object['metadata'])
  const managedFields = asArray(metadata['managedFields']).map((entry) => ({
    ...asObject(entry),
    time: null,
  }))
  return { ...object, metadata: { ...metadata, managedFields } }
}
