// ReplicaSet → Pods.

import { isNotFound } from '../client/api-error.ts'
import type { Pod, ReplicaSet } from '../client/kubernetes-types.ts'
import { matchesSelector } from '../client/label-selector.ts'
import { kinds } from '../client/resource-kind.ts'
import type { Controller, ControllerContext } from './controller-context.ts'
import { controllerOf, controllerReference, objectKey, splitKey } from './owned.ts'
import { podFromTemplate } from './pod-from-template.ts'
import { observeReplicas, planReplicas } from './replica-set-plan.ts'
import { startReconciler } from './start-reconciler.ts'

/** So that a mistake does not create a thousand pods before anyone can look. */
const mostAtOnce = 50

export function startReplicaSetController({
  client,
  informers,
  events,
  logger,
}: ControllerContext): Controller {
  const { pods, replicaSets } = informers

  const adopt = async (replicaSet: ReplicaSet): Promise<void> => {
    if (replicaSet.metadata.deletionTimestamp !== undefined) return
    const orphans = pods
      .list(replicaSet.metadata.namespace)
      .filter(
        ({ metadata }) =>
          controllerOf(metadata) === undefined &&
          metadata.deletionTimestamp === undefined &&
          matchesSelector(replicaSet.spec.selector, metadata.labels),
      )
    for (const { metadata } of orphans) {
      const ownerReferences = [
        ...(metadata.ownerReferences ?? []),
        controllerReference({ owner: replicaSet, kind: kinds.replicaSets }),
      ]
      const { namespace, name, uid, resourceVersion } = metadata
      const body = { metadata: { uid, resourceVersion, ownerReferences } }
      pods.learn(await client.patch<Pod>({ kind: kinds.pods, namespace, name, body }))
    }
  }

  const create = async (replicaSet: ReplicaSet): Promise<void> => {
    const body = podFromTemplate({
      owner: replicaSet,
      kind: kinds.replicaSets,
      template: replicaSet.spec.template,
    })
    try {
      const pod = await client.create<Pod>({
        kind: kinds.pods,
        namespace: replicaSet.metadata.namespace,
        body,
      })
      pods.learn(pod)
      tell(replicaSet, 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`)
    } catch (error) {
      // Refused by admission, a quota, or validation: the one place where a user can learn why there are no pods.
      const message = `Error creating: ${error instanceof Error ? error.message : String(error)}`
      events.record({
        object: replicaSet,
        kind: kinds.replicaSets,
        type: 'Warning',
        reason: 'FailedCreate',
        message,
      })
      throw error
    }
  }

  const remove = async (replicaSet: ReplicaSet, pod: Pod): Promise<void> => {
    const { namespace, name, uid } = pod.metadata
    try {
      const answer = await client.delete({ kind: kinds.pods, namespace, name, uid })
      // A graceful deletion answers with the pod on its way out, which counts as gone from now on.
      if (isPod(answer)) pods.learn(answer)
      tell(replicaSet, 'SuccessfulDelete', `Deleted pod: ${name}`)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  const tell = (object: ReplicaSet, reason: string, message: string): void =>
    events.record({ object, kind: kinds.replicaSets, type: 'Normal', reason, message })

  const writeStatus = async (replicaSet: ReplicaSet): Promise<number | undefined> => {
    const owned = pods.indexed(replicaSet.metadata.uid)
    const { status, nextAvailableIn } = observeReplicas({ replicaSet, pods: owned, at: Date.now() })
    const shown = replicaSet.status
    const isSame = (Object.keys(status) as (keyof typeof status)[]).every(
      (key) => (shown?.[key] ?? 0) === status[key],
    )
    if (isSame) return nextAvailableIn
    const { namespace, name, uid } = replicaSet.metadata
    const body = { metadata: { uid }, status }
    replicaSets.learn(
      await client.patch<ReplicaSet>({
        kind: kinds.replicaSets,
        namespace,
        name,
        subresource: 'status',
        body,
      }),
    )
    return nextAvailableIn
  }

  return startReconciler({
    name: 'replicaset',
    logger,
    async reconcile(key, queue) {
      const replicaSet = replicaSets.get(splitKey(key))
      if (replicaSet === undefined) return
      await adopt(replicaSet)
      const plan = planReplicas({ replicaSet, pods: pods.indexed(replicaSet.metadata.uid) })
      const outcomes = await Promise.allSettled([
        ...Array.from({ length: Math.min(plan.create, mostAtOnce) }, () => create(replicaSet)),
        ...plan.remove.map((pod) => remove(replicaSet, pod)),
      ])
      const nextAvailableIn = await writeStatus(replicaSets.get(splitKey(key)) ?? replicaSet)
      if (nextAvailableIn !== undefined) queue.addAfter(key, nextAvailableIn)
      if (plan.create > mostAtOnce) queue.add(key)
      const failed = outcomes.find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
    },
    watch: (queue) => [
      replicaSets.onChange(({ object }) => queue.add(objectKey(object))),
      pods.onChange((change) => {
        const { metadata } = change.object
        const owner = controllerOf(metadata)
        const before = change.type === 'modified' ? controllerOf(change.previous.metadata) : undefined
        for (const reference of [owner, before]) {
          if (reference?.kind === 'ReplicaSet') queue.add(`${metadata.namespace}/${reference.name}`)
        }
        if (owner !== undefined || change.type === 'deleted') return
        for (const replicaSet of replicaSets.list(metadata.namespace)) {
          if (matchesSelector(replicaSet.spec.selector, metadata.labels)) queue.add(objectKey(replicaSet))
        }
      }),
    ],
  })
}

function isPod(value: unknown): value is Pod {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Pod'
}
