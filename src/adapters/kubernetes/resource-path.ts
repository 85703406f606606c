// Where a resource lives under the API server's root.

import type { ObjectName, ResourceType } from '../../ports/resources.ts'

export const collectionPath = (type: ResourceType, namespace?: string): string => {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`
  const scope =
    type.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root}${scope}/${type.plural}`
}

export const objectPath = (type: ResourceType, { namespace, name }: ObjectName): string => {
  if (type.namespaced && namespace === undefined)
    throw new TypeError(`cannot address ${type.kind} "${name}": it lives in a namespace and none was given`)
  return `${collectionPath(type, namespace)}/${encodeURIComponent(name)}`
}
