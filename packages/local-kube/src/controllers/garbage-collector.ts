// Deletes what nobody owns any more: dependents of deleted owners in the background, in the foreground, or freed first
// when the owner's deletion said orphan. An owner that cannot be found is asked for before its absence is believed.

import { isApiError, isNotFound } from '../client/api-error.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { OwnerReference, Stored } from '../client/kubernetes-types.ts'
import type { Logger } from '../client/logger.ts'
import { apiVersionOf } from '../client/resource-kind.ts'
import type { Controller } from './controller-context.ts'
import { isDeletingDependents, planGarbage, type OwnerState } from './garbage-plan.ts'
import type { ObjectMonitors } from './object-monitors.ts'
import type { GraphNode } from './ownership-graph.ts'
import { startReconciler } from './start-reconciler.ts'

const rememberedAbsent = 10_000

export function startGarbageCollector({
  client,
  monitors,
  logger,
}: {
  readonly client: KubeClient
  readonly monitors: ObjectMonitors
  readonly logger: Logger
}): Controller {
  const { graph } = monitors
  /** Owners known not to exist: uids are never used twice. */
  const absent = new Set<string>()

  const identity = ({ kind, metadata }: GraphNode) => ({
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
  })

  const stateOf = async (node: GraphNode, reference: OwnerReference): Promise<OwnerState> => {
    const owner = graph.get(reference.uid)
    if (owner !== undefined) {
      // An owner of another namespace is no owner.
      const isReachable =
        owner.metadata.namespace === undefined || owner.metadata.namespace === node.metadata.namespace
      if (!isReachable) return 'absent'
      return isDeletingDependents(owner) && reference.blockOwnerDeletion === true ? 'waiting' : 'solid'
    }
    if (absent.has(reference.uid)) return 'absent'
    const kind = monitors
      .resources()
      .find((resource) => resource.kind === reference.kind && apiVersionOf(resource) === reference.apiVersion)
    if (kind === undefined)
      throw new Error(`owner ${reference.apiVersion} ${reference.kind} is of a kind the server does not have`)
    try {
      const found = await client.get<Stored>({
        kind,
        namespace: node.metadata.namespace,
        name: reference.name,
      })
      if (found.metadata.uid === reference.uid) return 'solid'
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    remember(reference.uid)
    return 'absent'
  }

  const remember = (uid: string): void => {
    if (absent.size >= rememberedAbsent) absent.clear()
    absent.add(uid)
  }

  const patchMetadata = async (node: GraphNode, metadata: object): Promise<void> => {
    const { uid, resourceVersion } = node.metadata
    await client.patch({ ...identity(node), body: { metadata: { uid, resourceVersion, ...metadata } } })
  }

  const release = async (node: GraphNode): Promise<void> => {
    for (const dependent of graph.dependents(node.metadata.uid)) {
      const left = (dependent.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== node.metadata.uid)
      try {
        await patchMetadata(dependent, { ownerReferences: left })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
  }

  const withoutFinalizer = async (node: GraphNode, finalizer: string): Promise<void> => {
    await patchMetadata(node, {
      finalizers: (node.metadata.finalizers ?? []).filter((entry) => entry !== finalizer),
    })
  }

  return startReconciler({
    name: 'garbage',
    logger,
    async reconcile(uid, queue) {
      const node = graph.get(uid)
      if (node === undefined) return
      const dependents = graph.dependents(uid)
      const owners = await Promise.all(
        (node.metadata.ownerReferences ?? []).map(async (reference) => ({
          reference,
          state: await stateOf(node, reference),
        })),
      )
      const action = planGarbage({ node, dependents, owners })
      switch (action.type) {
        case 'nothing':
          return
        case 'delete':
          try {
            await client.delete({ ...identity(node), uid, propagationPolicy: action.policy })
          } catch (error) {
            if (!isApiError(error, 404, 409)) throw error
          }
          return
        case 'keep-owners':
          return patchMetadata(node, { ownerReferences: action.ownerReferences })
        case 'remove-finalizer':
          return withoutFinalizer(node, action.finalizer)
        case 'release-dependents':
          await release(node)
          return queue.add(uid)
        case 'collect-dependents':
          for (const dependent of dependents) queue.add(dependent.metadata.uid)
      }
    },
    watch: (queue) => [
      monitors.onChange((change) => {
        const { uid } = change.node.metadata
        if (change.type === 'absent') {
          remember(uid)
          for (const { metadata } of graph.dependents(uid)) queue.add(metadata.uid)
          // Owners deleted in the foreground may have waited for this one.
          for (const reference of change.node.metadata.ownerReferences ?? []) queue.add(reference.uid)
          return
        }
        const { ownerReferences = [], deletionTimestamp } = change.node.metadata
        if (ownerReferences.length > 0 || deletionTimestamp !== undefined) queue.add(uid)
        for (const reference of change.previous?.metadata.ownerReferences ?? []) {
          const owner = graph.get(reference.uid)
          if (owner?.metadata.deletionTimestamp !== undefined) queue.add(reference.uid)
        }
      }),
    ],
  })
}
