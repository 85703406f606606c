// The downward API: what a pod may learn about itself, through environment variables or files.

import { cpus, totalmem } from 'node:os'
import type { Container, Pod, ResourceFieldReference } from '../client/kubernetes-types.ts'
import { parseQuantity } from '../quantity.ts'

export interface PodPlace {
  readonly nodeName: string
  readonly ip: string
}

/** undefined: there is no such field, which is a mistake in the pod. A field without a value is the empty string. */
export function fieldValue({
  pod,
  place,
  fieldPath,
}: {
  readonly pod: Pod
  readonly place: PodPlace
  readonly fieldPath: string
}): string | undefined {
  const { metadata, spec } = pod
  const entry = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(fieldPath)
  if (entry !== null) return metadata[entry[1] as 'labels' | 'annotations']?.[entry[2] ?? ''] ?? ''
  switch (fieldPath) {
    case 'metadata.name':
      return metadata.name
    case 'metadata.namespace':
      return metadata.namespace ?? ''
    case 'metadata.uid':
      return metadata.uid
    case 'metadata.labels':
      return pairs(metadata.labels)
    case 'metadata.annotations':
      return pairs(metadata.annotations)
    case 'spec.nodeName':
      return place.nodeName
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? 'default'
    case 'status.podIP':
    case 'status.podIPs':
    case 'status.hostIP':
    case 'status.hostIPs':
      return place.ip
    default:
      return undefined
  }
}

export function resourceValue({
  pod,
  container,
  reference,
}: {
  readonly pod: Pod
  readonly container: Container | undefined
  readonly reference: ResourceFieldReference
}): string | undefined {
  const target =
    reference.containerName === undefined
      ? container
      : pod.spec.containers.find(({ name }) => name === reference.containerName)
  const [scope, resource = ''] = reference.resource.split('.')
  if (target === undefined || (scope !== 'limits' && scope !== 'requests')) return undefined
  const declared = target.resources?.[scope]?.[resource] ?? target.resources?.limits?.[resource]
  const value = declared === undefined ? machine(resource) : parseQuantity(declared)
  const divisor = parseQuantity(reference.divisor ?? 1) || 1
  return value === undefined ? undefined : String(Math.ceil(value / divisor))
}

/** Without a limit the limit is the machine. */
function machine(resource: string): number | undefined {
  if (resource === 'cpu') return cpus().length
  if (resource === 'memory') return totalmem()
  return 0
}

const pairs = (map: Readonly<Record<string, string>> = {}): string =>
  Object.entries(map)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n')
