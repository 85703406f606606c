// Keeps the ownership graph current: one watch per deletable resource, those of CRDs included, started and stopped as
// resources come and go.

import { startInformer, type Informer } from '../client/informer.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { Stored } from '../client/kubernetes-types.ts'
import type { Logger } from '../client/logger.ts'
import { kinds, pathOf, type ResourceKind } from '../client/resource-kind.ts'
import { createWorkQueue } from '../client/work-queue.ts'
import { discoverResources, type DiscoveredResource } from './discovery.ts'
import { createOwnershipGraph, type GraphNode, type OwnershipGraph } from './ownership-graph.ts'

export type GraphChange =
  | { readonly type: 'present'; readonly node: GraphNode; readonly previous: GraphNode | undefined }
  | { readonly type: 'absent'; readonly node: GraphNode }

export interface ObjectMonitors {
  readonly graph: OwnershipGraph
  /** Resolves when all resources known at the start are listed. */
  readonly synced: Promise<void>
  resources(): readonly DiscoveredResource[]
  onChange(listener: (change: GraphChange) => void): () => void
  close(): Promise<void>
}

/** Owned by nothing, owning nothing, and many: not worth a watch. */
const ignored = new Set(['/events', 'events.k8s.io/events'])
const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json'
const keyOf = ({ group, plural }: ResourceKind): string => `${group}/${plural}`

export function startObjectMonitors({
  client,
  shared,
  logger,
}: {
  readonly client: KubeClient
  /** Local copies that exist anyway, by `group/plural`. */
  readonly shared: ReadonlyMap<string, Informer<Stored>>
  readonly logger: Logger
}): ObjectMonitors {
  const graph = createOwnershipGraph()
  const listeners = new Set<(change: GraphChange) => void>()
  const monitors = new Map<
    string,
    { readonly stop: () => Promise<void>; readonly synced: Promise<void>; readonly version: string }
  >()
  let resources: readonly DiscoveredResource[] = []
  const { promise: synced, resolve: setSynced } = Promise.withResolvers<void>()

  const emit = (change: GraphChange): void => {
    for (const listener of listeners) listener(change)
  }

  const monitor = (kind: DiscoveredResource): void => {
    const known = shared.get(keyOf(kind))
    const own =
      known ??
      startInformer<Stored>({
        client,
        path: pathOf({ kind }),
        accept: metadataOnly,
        logger,
        onGone: () => drop(kind),
      })
    const unsubscribe = own.onChange(({ type, object }) => {
      const node: GraphNode = { kind, metadata: object.metadata }
      if (type === 'deleted') {
        graph.remove(object.metadata.uid)
        emit({ type: 'absent', node })
        return
      }
      const previous = graph.get(object.metadata.uid)
      graph.put(node)
      emit({ type: 'present', node, previous })
    })
    const stop = async (): Promise<void> => {
      unsubscribe()
      if (known !== undefined) return
      for (const { metadata } of own.list()) {
        graph.remove(metadata.uid)
        emit({ type: 'absent', node: { kind, metadata } })
      }
      await own.close()
    }
    monitors.set(keyOf(kind), { stop, synced: own.synced, version: kind.version })
  }

  const drop = (kind: ResourceKind): void => {
    const entry = monitors.get(keyOf(kind))
    monitors.delete(keyOf(kind))
    void entry?.stop()
  }

  const queue = createWorkQueue({
    name: 'discovery',
    logger,
    async work() {
      const discovery = await discoverResources({ client })
      resources = discovery.resources
      const wanted = new Map(
        resources
          .filter(({ verbs }) => ['list', 'watch', 'delete'].every((verb) => verbs.includes(verb)))
          .filter((kind) => !ignored.has(keyOf(kind)))
          .map((kind) => [keyOf(kind), kind]),
      )
      for (const [key, entry] of monitors) {
        if (wanted.get(key)?.version === entry.version || discovery.failed.length > 0) continue
        monitors.delete(key)
        await entry.stop()
      }
      for (const [key, kind] of wanted) if (!monitors.has(key)) monitor(kind)
      await Promise.all([...monitors.values()].map((entry) => entry.synced))
      setSynced()
      if (discovery.failed.length > 0) throw new Error(`cannot discover ${discovery.failed.join(', ')}`)
    },
  })
  queue.add('all')

  const definitions = startInformer<Stored & { spec?: unknown; status?: unknown }>({
    client,
    path: pathOf({ kind: kinds.customResourceDefinitions }),
    logger,
  })
  definitions.onChange(() => queue.add('all'))

  return {
    graph,
    synced,
    resources: () => resources,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      await definitions.close()
      setSynced()
      await queue.close()
      listeners.clear()
      await Promise.all([...monitors.values()].map(({ stop }) => stop()))
    },
  }
}
