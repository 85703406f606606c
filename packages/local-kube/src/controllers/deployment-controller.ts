// Deployment → ReplicaSets: one per pod template, scaled by the strategy, numbered by revision.

import { isApiError, isNotFound } from '../client/api-error.ts'
import { sameValue } from '../client/canonical-json.ts'
import type { Deployment, ReplicaSet } from '../client/kubernetes-types.ts'
import { matchesSelector } from '../client/label-selector.ts'
import { kinds } from '../client/resource-kind.ts'
import type { Controller, ControllerContext } from './controller-context.ts'
import { controllerOf, controllerReference, objectKey, splitKey } from './owned.ts'
import { inheritedAnnotations, planRevisions, revisionAnnotation, revisionOf } from './revisions.ts'
import {
  desired,
  hashLabel,
  hasTemplate,
  initialReplicas,
  planScaling,
  templateHash,
  type RolloutInput,
} from './rollout-plan.ts'
import { isComplete, observeRollout } from './rollout-status.ts'
import { startReconciler } from './start-reconciler.ts'

export function startDeploymentController({
  client,
  informers,
  events,
  logger,
}: ControllerContext): Controller {
  const { deployments, replicaSets, pods } = informers

  const tell = (object: Deployment, reason: string, message: string): void =>
    events.record({ object, kind: kinds.deployments, type: 'Normal', reason, message })

  const patchSet = async (replicaSet: ReplicaSet, body: object): Promise<void> => {
    const { namespace, name } = replicaSet.metadata
    replicaSets.learn(await client.patch<ReplicaSet>({ kind: kinds.replicaSets, namespace, name, body }))
  }

  const adopt = async (deployment: Deployment): Promise<void> => {
    const { namespace } = deployment.metadata
    const orphans = replicaSets
      .list(namespace)
      .filter(
        ({ metadata }) =>
          controllerOf(metadata) === undefined &&
          metadata.deletionTimestamp === undefined &&
          matchesSelector(deployment.spec.selector, metadata.labels),
      )
    for (const orphan of orphans) {
      const { uid, resourceVersion } = orphan.metadata
      const ownerReferences = [
        ...(orphan.metadata.ownerReferences ?? []),
        controllerReference({ owner: deployment, kind: kinds.deployments }),
      ]
      await patchSet(orphan, { metadata: { uid, resourceVersion, ownerReferences } })
    }
  }

  const observe = (deployment: Deployment): RolloutInput => {
    const owned = replicaSets
      .indexed(deployment.metadata.uid)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .toSorted(newestFirst)
    const newest = owned.findLast((set) => hasTemplate(set, deployment.spec.template))
    const older = owned.filter((set) => set !== newest)
    const olderPodsRunning = older
      .flatMap(({ metadata }) => pods.indexed(metadata.uid))
      .filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed').length
    return { deployment, newest, older, olderPodsRunning }
  }

  /** A name taken by another template counts as a collision and leads to another name. */
  const createSet = async (input: RolloutInput): Promise<number> => {
    const { deployment, older } = input
    const replicas = initialReplicas(input)
    const known = deployment.status?.collisionCount ?? 0
    if (replicas === undefined) return known
    const { template, selector, minReadySeconds } = deployment.spec
    const { namespace, name } = deployment.metadata
    for (let collisions = known; ; collisions += 1) {
      const hash = templateHash({ template, collisions })
      const labels = { ...template.metadata?.labels, [hashLabel]: hash }
      const body = {
        metadata: {
          name: `${name}-${hash}`,
          namespace,
          labels,
          annotations: inheritedAnnotations({
            deployment,
            revision: planRevisions({ newest: undefined, older }).revision,
          }),
          ownerReferences: [controllerReference({ owner: deployment, kind: kinds.deployments })],
        },
        spec: {
          replicas,
          selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
          template: { ...template, metadata: { ...template.metadata, labels } },
          ...(minReadySeconds !== undefined && { minReadySeconds }),
        },
      }
      try {
        replicaSets.learn(await client.create<ReplicaSet>({ kind: kinds.replicaSets, namespace, body }))
        if (replicas > 0)
          tell(
            deployment,
            'ScalingReplicaSet',
            `Scaled up replica set ${body.metadata.name} from 0 to ${replicas}`,
          )
        return collisions
      } catch (error) {
        if (!isApiError(error, 409)) throw error
        const taken = await client.get<ReplicaSet>({
          kind: kinds.replicaSets,
          namespace,
          name: body.metadata.name,
        })
        if (controllerOf(taken.metadata)?.uid === deployment.metadata.uid && hasTemplate(taken, template)) {
          replicaSets.learn(taken)
          return collisions
        }
      }
    }
  }

  const keepRevisions = async ({ deployment, newest, older }: RolloutInput): Promise<void> => {
    if (newest === undefined) return
    const { revision, history } = planRevisions({ newest, older })
    const annotations = inheritedAnnotations({ deployment, revision, history })
    const shown = newest.metadata.annotations ?? {}
    const { minReadySeconds } = deployment.spec
    const spec =
      (newest.spec.minReadySeconds ?? 0) === (minReadySeconds ?? 0) ? {} : { spec: { minReadySeconds } }
    const differs = Object.entries(annotations).some(([key, value]) => shown[key] !== value)
    if (differs || 'spec' in spec) await patchSet(newest, { metadata: { annotations }, ...spec })
    if (deployment.metadata.annotations?.[revisionAnnotation] === revision) return
    const { namespace, name } = deployment.metadata
    const body = { metadata: { annotations: { [revisionAnnotation]: revision } } }
    deployments.learn(await client.patch<Deployment>({ kind: kinds.deployments, namespace, name, body }))
  }

  const scale = async (input: RolloutInput): Promise<void> => {
    for (const { replicaSet, replicas } of planScaling(input)) {
      const before = desired(replicaSet)
      await patchSet(replicaSet, { metadata: { uid: replicaSet.metadata.uid }, spec: { replicas } })
      const direction = replicas > before ? 'up' : 'down'
      const message = `Scaled ${direction} replica set ${replicaSet.metadata.name} from ${before} to ${replicas}`
      tell(input.deployment, 'ScalingReplicaSet', message)
    }
  }

  const forget = async ({ deployment, older }: RolloutInput): Promise<void> => {
    const limit = deployment.spec.revisionHistoryLimit ?? 10
    const idle = older.filter((set) => desired(set) === 0 && (set.status?.replicas ?? 0) === 0)
    for (const { metadata } of idle.slice(limit)) {
      const { namespace, name, uid } = metadata
      try {
        await client.delete({
          kind: kinds.replicaSets,
          namespace,
          name,
          uid,
          propagationPolicy: 'Background',
        })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
  }

  return startReconciler({
    name: 'deployment',
    logger,
    async reconcile(key, queue) {
      const current = (): Deployment | undefined => deployments.get(splitKey(key))
      const first = current()
      if (first === undefined) return
      let collisions = first.status?.collisionCount ?? 0
      if (first.metadata.deletionTimestamp === undefined) {
        await adopt(first)
        if (observe(first).newest === undefined) collisions = await createSet(observe(first))
        await keepRevisions(observe(first))
        await scale(observe(current() ?? first))
      }
      const deployment = current()
      if (deployment === undefined) return
      const input = observe(deployment)
      const { status, deadlineIn } = observeRollout({ ...input, collisions, at: Date.now() })
      if (deadlineIn !== undefined) queue.addAfter(key, deadlineIn + 100)
      if (!sameValue(normal(status), normal(deployment.status ?? {}))) {
        const { namespace, name, uid } = deployment.metadata
        const body = { metadata: { uid }, status }
        deployments.learn(
          await client.patch<Deployment>({
            kind: kinds.deployments,
            namespace,
            name,
            subresource: 'status',
            body,
          }),
        )
      }
      if (isComplete(deployment, status)) await forget(input)
    },
    watch: (queue) => [
      deployments.onChange(({ object }) => queue.add(objectKey(object))),
      replicaSets.onChange(({ object }) => {
        const owner = controllerOf(object.metadata)
        if (owner?.kind === 'Deployment') queue.add(`${object.metadata.namespace}/${owner.name}`)
        if (owner !== undefined) return
        for (const deployment of deployments.list(object.metadata.namespace)) {
          if (matchesSelector(deployment.spec.selector, object.metadata.labels))
            queue.add(objectKey(deployment))
        }
      }),
      // Recreate waits for the last old pod to be gone, which no ReplicaSet's status tells.
      pods.onChange(({ type, object }) => {
        const owner = type === 'deleted' ? controllerOf(object.metadata) : undefined
        const set = owner && replicaSets.get({ namespace: object.metadata.namespace, name: owner.name })
        const deployment = set && controllerOf(set.metadata)
        if (deployment?.kind === 'Deployment') queue.add(`${object.metadata.namespace}/${deployment.name}`)
      }),
    ],
  })
}

/** Zero counts may be absent on the server. */
function normal(status: object): object {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== 0))
}

const newestFirst = (left: ReplicaSet, right: ReplicaSet): number =>
  revisionOf(right) - revisionOf(left) ||
  (right.metadata.creationTimestamp ?? '').localeCompare(left.metadata.creationTimestamp ?? '')
