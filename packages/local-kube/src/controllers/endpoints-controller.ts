// Service → Endpoints and EndpointSlices, and a ClusterIP for Services that asked for one. The address is a name for the
// Service, not a way to it: nothing listens there; see the node agent's resolver and proxy.

import { createHash } from 'node:crypto'
import { isNotFound } from '../client/api-error.ts'
import { sameValue } from '../client/canonical-json.ts'
import type { Endpoints, EndpointSlice, Service } from '../client/kubernetes-types.ts'
import { matchesSelector } from '../client/label-selector.ts'
import { kinds } from '../client/resource-kind.ts'
import type { Controller, ControllerContext } from './controller-context.ts'
import { planEndpoints, type EndpointsPlan } from './endpoints-plan.ts'
import { controllerReference, objectKey, splitKey } from './owned.ts'
import { startReconciler } from './start-reconciler.ts'

const managedBy = 'endpointslice-controller.local-kube.dev'
const nameLabel = 'kubernetes.io/service-name'
const managerLabel = 'endpointslice.kubernetes.io/managed-by'

/** Selector-less Services keep the Endpoints their author wrote. */
const isManaged = ({ spec }: Service): boolean =>
  Object.keys(spec.selector ?? {}).length > 0 && spec.type !== 'ExternalName'

export function startEndpointsController({ client, informers, logger }: ControllerContext): Controller {
  const { services, pods, endpoints, endpointSlices } = informers

  const giveAddress = async (service: Service): Promise<void> => {
    const { type, clusterIP } = service.spec
    if (type === 'ExternalName' || (clusterIP !== undefined && clusterIP !== '')) return
    const taken = new Set(services.list().map(({ spec }) => spec.clusterIP))
    const address = freeAddress(objectKey(service), taken)
    const { namespace, name, uid } = service.metadata
    const body = { metadata: { uid }, spec: { clusterIP: address, clusterIPs: [address] } }
    services.learn(await client.patch<Service>({ kind: kinds.services, namespace, name, body }))
  }

  const writeEndpoints = async (service: Service, { subsets }: EndpointsPlan): Promise<void> => {
    const { namespace, name } = service.metadata
    const identity = { kind: kinds.endpoints, namespace, name }
    const known = endpoints.get({ namespace, name })
    if (known !== undefined && sameValue(known.subsets ?? [], subsets)) return
    const labels = service.metadata.labels ?? {}
    if (known !== undefined) {
      endpoints.learn(await client.patch<Endpoints>({ ...identity, body: { metadata: { labels }, subsets } }))
      return
    }
    const body = { metadata: { name, namespace, labels }, subsets }
    endpoints.learn(await client.create<Endpoints>({ kind: kinds.endpoints, namespace, body }))
  }

  const ours = (service: Service): readonly EndpointSlice[] =>
    endpointSlices
      .indexed(objectKey(service))
      .filter(({ metadata }) => metadata.labels?.[managerLabel] === managedBy)

  const writeSlices = async (service: Service, plan: EndpointsPlan): Promise<void> => {
    const { namespace, name: serviceName } = service.metadata
    const known = new Map(ours(service).map((slice) => [slice.metadata.name, slice]))
    for (const { name, ports, endpoints: entries } of plan.slices) {
      const slice = known.get(name)
      known.delete(name)
      if (slice !== undefined) {
        if (sameValue(slice.endpoints ?? [], entries)) continue
        const body = { endpoints: entries }
        endpointSlices.learn(
          await client.patch<EndpointSlice>({ kind: kinds.endpointSlices, namespace, name, body }),
        )
        continue
      }
      const body = {
        metadata: {
          name,
          namespace,
          labels: { [nameLabel]: serviceName, [managerLabel]: managedBy },
          ownerReferences: [controllerReference({ owner: service, kind: kinds.services })],
        },
        addressType: 'IPv4',
        ports,
        endpoints: entries,
      }
      endpointSlices.learn(
        await client.create<EndpointSlice>({ kind: kinds.endpointSlices, namespace, body }),
      )
    }
    for (const { metadata } of known.values())
      await remove(kinds.endpointSlices, metadata.namespace, metadata.name)
  }

  const remove = async (
    kind: (typeof kinds)['endpoints' | 'endpointSlices'],
    namespace: string | undefined,
    name: string,
  ): Promise<void> => {
    try {
      await client.delete({ kind, namespace, name })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  const watched = (key: string): Service | undefined => services.get(splitKey(key))

  return startReconciler({
    name: 'endpoints',
    logger,
    async reconcile(key) {
      const service = watched(key)
      if (service === undefined) {
        // Endpoints carry no owner, as in Kubernetes: they go with the Service of their name.
        const { namespace, name } = splitKey(key)
        if (endpoints.get({ namespace, name }) !== undefined) await remove(kinds.endpoints, namespace, name)
        return
      }
      if (service.metadata.deletionTimestamp !== undefined) return
      await giveAddress(service)
      if (!isManaged(service)) return
      const selected = pods
        .list(service.metadata.namespace)
        .filter(({ metadata }) =>
          matchesSelector({ matchLabels: service.spec.selector ?? {} }, metadata.labels),
        )
      const plan = planEndpoints({ service, pods: selected })
      // Slices first: they are what routes.
      await writeSlices(service, plan)
      await writeEndpoints(service, plan)
    },
    watch: (queue) => [
      services.onChange(({ object }) => queue.add(objectKey(object))),
      endpointSlices.onChange(({ type, object }) => {
        const service = object.metadata.labels?.[nameLabel]
        if (type === 'deleted' && service !== undefined) queue.add(`${object.metadata.namespace}/${service}`)
      }),
      pods.onChange((change) => {
        const { namespace, labels } = change.object.metadata
        const before = change.type === 'modified' ? change.previous.metadata.labels : undefined
        for (const service of services.list(namespace)) {
          const selector = { matchLabels: service.spec.selector ?? {} }
          const concerns = matchesSelector(selector, labels) || (before && matchesSelector(selector, before))
          if (isManaged(service) && concerns) queue.add(objectKey(service))
        }
      }),
    ],
  })
}

/** The same Service gets the same address as long as nobody else has it. */
function freeAddress(key: string, taken: ReadonlySet<string | undefined>): string {
  for (let attempt = 0; ; attempt += 1) {
    const [high = 0, low = 0] = createHash('sha256').update(`${attempt} ${key}`).digest()
    const address = `10.96.${high}.${low}`
    if (low > 0 && low < 255 && !taken.has(address) && address !== '10.96.0.1') return address
  }
}
