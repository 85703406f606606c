// Deleting a namespace: everything in it first, custom resources included, then the namespace itself.

import { isApiError, isNotFound } from '../client/api-error.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { Namespace, Stored } from '../client/kubernetes-types.ts'
import type { Informer } from '../client/informer.ts'
import type { Logger } from '../client/logger.ts'
import { kinds, pathOf } from '../client/resource-kind.ts'
import type { Controller } from './controller-context.ts'
import { discoverResources, type DiscoveredResource } from './discovery.ts'
import { namespaceConditions } from './namespace-conditions.ts'
import type { Remaining } from './namespace-conditions.ts'
import type { ObjectMonitors } from './object-monitors.ts'
import { startReconciler } from './start-reconciler.ts'

const finalizer = 'kubernetes'
/** Should the watch ever miss the last object's end, the namespace is looked at again. */
const fallback = 5_000

export function startNamespaceController({
  client,
  namespaces,
  monitors,
  logger,
}: {
  readonly client: KubeClient
  readonly namespaces: Informer<Namespace>
  readonly monitors: ObjectMonitors
  readonly logger: Logger
}): Controller {
  const empty = async (namespace: string, kind: DiscoveredResource): Promise<void> => {
    const path = pathOf({ kind, namespace })
    try {
      if (kind.verbs.includes('deletecollection')) {
        await client.request({ method: 'DELETE', path, body: { propagationPolicy: 'Background' } })
        return
      }
      const { items = [] } = await client.request<{ items?: readonly Stored[] }>({ path })
      for (const { metadata } of items) {
        await client.delete({ kind, namespace, name: metadata.name, propagationPolicy: 'Background' })
      }
    } catch (error) {
      if (!isApiError(error, 404, 405)) throw error
    }
  }

  const remainingOf = async (namespace: string, kind: DiscoveredResource): Promise<Remaining> => {
    try {
      const { items = [] } = await client.request<{ items?: readonly Stored[] }>({
        path: pathOf({ kind, namespace }),
        query: { limit: 500 },
      })
      const finalizers = items.flatMap(({ metadata }) => metadata.finalizers ?? [])
      return { kind, count: items.length, finalizers }
    } catch (error) {
      if (isApiError(error, 404, 405)) return { kind, count: 0, finalizers: [] }
      throw error
    }
  }

  const tell = async (namespace: Namespace, remaining: readonly Remaining[]): Promise<void> => {
    const known = namespace.status?.conditions ?? []
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
    const conditions = namespaceConditions({ remaining, known, now })
    if (conditions.every((condition) => known.includes(condition))) return
    const { name } = namespace.metadata
    const body = { status: { conditions } }
    await client.patch({ kind: kinds.namespaces, name, subresource: 'status', body })
  }

  return startReconciler({
    name: 'namespace',
    logger,
    async reconcile(name, queue) {
      const namespace = namespaces.get({ name })
      if (namespace?.metadata.deletionTimestamp === undefined) return
      if (!(namespace.spec?.finalizers ?? []).includes(finalizer)) return
      const { resources, failed } = await discoverResources({ client })
      if (failed.length > 0)
        throw new Error(`cannot empty namespace "${name}": cannot discover ${failed.join(', ')}`)
      const contents = resources.filter(
        ({ namespaced, verbs }) => namespaced && verbs.includes('delete') && verbs.includes('list'),
      )
      await Promise.all(contents.map((kind) => empty(name, kind)))
      const remaining = await Promise.all(contents.map((kind) => remainingOf(name, kind)))
      if (remaining.some(({ count }) => count > 0)) {
        queue.addAfter(name, fallback)
        return tell(namespace, remaining)
      }
      try {
        await client.update({
          kind: kinds.namespaces,
          name,
          subresource: 'finalize',
          body: {
            ...namespace,
            spec: {
              ...namespace.spec,
              finalizers: (namespace.spec?.finalizers ?? []).filter((entry) => entry !== finalizer),
            },
          },
        })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    },
    watch: (queue) => [
      namespaces.onChange(({ type, object }) => {
        if (type !== 'deleted' && object.metadata.deletionTimestamp !== undefined)
          queue.add(object.metadata.name)
      }),
      monitors.onChange(({ type, node }) => {
        const { namespace } = node.metadata
        if (type !== 'absent' || namespace === undefined || monitors.graph.population(namespace) > 0) return
        if (namespaces.get({ name: namespace })?.metadata.deletionTimestamp !== undefined)
          queue.add(namespace)
      }),
    ],
  })
}
