/** Events are kept in their core/v1 shape; events.k8s.io/v1 names the same facts differently. */
import { setOwn } from '../json.ts'
import type { JsonObject } from '../json.ts'

const names: readonly (readonly [core: string, modern: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
]

function rename(object: JsonObject, apiVersion: string, from: 0 | 1): JsonObject {
  const map = new Map(names.map((pair) => [pair[from], pair[1 - from] as string]))
  const renamed: JsonObject = {}
  for (const [key, value] of Object.entries(object)) setOwn(renamed, map.get(key) ?? key, value)
  return { ...renamed, apiVersion }
}

export const eventToStorage = (object: JsonObject): JsonObject => rename(object, 'v1', 1)
/** The newer kind leaves out what the older one writes when it is empty. */
export function eventFromStorage(object: JsonObject): JsonObject {
  const event = rename(object, 'events.k8s.io/v1', 0)
  for (const key of ['reportingController', 'reportingInstance']) if (event[key] === '') delete event[key]
  return event
}
