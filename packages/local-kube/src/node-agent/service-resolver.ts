// Where a Service name leads right now: to one ready endpoint, in turn. Read from Services and EndpointSlices, so it
// works with whatever controller fills those. It stands in for cluster DNS and kube-proxy, nothing more.

import type { Informer } from '../client/informer.ts'
import type { EndpointSlice, Service } from '../client/kubernetes-types.ts'

export type Resolution =
  | { readonly type: 'found'; readonly host: string; readonly port: number }
  /** Not the name of a Service: an ordinary host. */
  | { readonly type: 'not-a-service' }
  | { readonly type: 'unavailable'; readonly message: string }

export interface ServiceResolver {
  /** `namespace` completes a bare service name. */
  resolve(question: {
    readonly host: string
    readonly port: number
    readonly namespace?: string | undefined
  }): Resolution
}

export const serviceOf = (namespace: string, service: string): string => `${namespace}/${service}`

/** For the informer of EndpointSlices. */
export const indexByService = (slice: EndpointSlice): readonly string[] => {
  const service = slice.metadata.labels?.['kubernetes.io/service-name']
  return service === undefined ? [] : [serviceOf(slice.metadata.namespace ?? '', service)]
}

export function createServiceResolver({
  services,
  slices,
}: {
  readonly services: Pick<Informer<Service>, 'get'>
  readonly slices: Pick<Informer<EndpointSlice>, 'indexed'>
}): ServiceResolver {
  const turns = new Map<string, number>()

  return {
    resolve({ host, port, namespace: own }) {
      const named = parseHost(host, own)
      const service = named && services.get({ namespace: named.namespace, name: named.service })
      if (named === undefined || service === undefined) {
        if (named?.certain !== true) return { type: 'not-a-service' }
        return {
          type: 'unavailable',
          message: `service "${named.service}" not found in namespace "${named.namespace}"`,
        }
      }
      if (service.spec.type === 'ExternalName') {
        return { type: 'found', host: service.spec.externalName ?? '', port }
      }
      const ports = service.spec.ports ?? []
      // A headless Service is reached at the pods' own ports.
      const servicePort =
        ports.find((entry) => entry.port === port) ?? ports.find((entry) => entry.targetPort === port)
      const label = `${named.service}.${named.namespace}.svc`
      if (servicePort === undefined) {
        const offered = ports.map((entry) => entry.port).join(', ')
        return {
          type: 'unavailable',
          message: `service ${label} has no port ${port}; it has ${offered || 'none'}`,
        }
      }
      const key = serviceOf(named.namespace, named.service)
      const ready = slices.indexed(key).flatMap((slice) => {
        const target = slice.ports?.find((entry) => (entry.name ?? '') === (servicePort.name ?? ''))
        if (target === undefined) return []
        return (slice.endpoints ?? [])
          .filter(({ conditions }) => conditions?.ready !== false)
          .flatMap(({ addresses }) => addresses.map((address) => ({ host: address, port: target.port })))
      })
      if (ready.length === 0)
        return { type: 'unavailable', message: `service ${label} has no ready endpoint` }
      const turn = (turns.get(key) ?? 0) % ready.length
      turns.set(key, turn + 1)
      const chosen = ready[turn]
      return chosen === undefined
        ? { type: 'unavailable', message: `service ${label} has no ready endpoint` }
        : { type: 'found', ...chosen }
    },
  }
}

/** `certain`: written so that it can be nothing but a Service of this cluster. */
function parseHost(
  host: string,
  own: string | undefined,
): { readonly service: string; readonly namespace: string; readonly certain: boolean } | undefined {
  const labels = host.toLowerCase().replace(/\.$/, '').split('.')
  const [service = '', namespace, suffix, ...rest] = labels
  if (service === '') return undefined
  if (namespace === undefined)
    return own === undefined ? undefined : { service, namespace: own, certain: false }
  if (suffix === undefined) return { service, namespace, certain: false }
  if (suffix !== 'svc' || !['', 'cluster.local'].includes(rest.join('.'))) return undefined
  return { service, namespace, certain: true }
}
