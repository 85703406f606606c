/** Fields that the server, not the writer, gives a new object: nobody owns them. */
import { asObject, valueAt } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { Resource } from './resource.ts'

const ASSIGNED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  '/services': ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'].map((field) => ['spec', field]),
  '/pods': ['serviceAccountName', 'serviceAccount', 'priority', 'preemptionPolicy', 'tolerations'].map(
    (field) => ['spec', field],
  ),
  '/namespaces': [['spec']],
  'batch/jobs': [
    ['metadata', 'labels'],
    ['spec', 'selector'],
    ['spec', 'template', 'metadata'],
  ],
}

export function withoutAssigned({
  resource,
  object,
  given,
}: {
  readonly resource: Resource
  readonly object: JsonObject
  /** As it was sent. */
  readonly given: JsonObject
}): JsonObject {
  const paths = ASSIGNED[`${resource.group}/${resource.plural}`] ?? []
  return paths
    .filter((path) => valueAt(given, ...path) === undefined)
    .reduce<JsonObject>((rest, path) => without(rest, path), object)
}

function without(object: JsonObject, [key = '', ...rest]: readonly string[]): JsonObject {
  if (rest.length > 0) return { ...object, [key]: without(asObject(object[key]), rest) }
  const { [key]: _, ...others } = object
  return others
}
