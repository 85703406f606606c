// What a Deployment's status says, so that `kubectl rollout status` and `kubectl wait` can rely on it. Pure: the same
// world gives the same status, and times move only when something did.

import type { Condition, Deployment, DeploymentStatus, ReplicaSet } from '../client/kubernetes-types.ts'
import { desired, limits, wanted } from './rollout-plan.ts'

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

export interface RolloutObservation {
  readonly status: DeploymentStatus
  /** Milliseconds until the rollout counts as stuck. */
  readonly deadlineIn?: number
}

export function observeRollout({
  deployment,
  newest,
  older,
  collisions,
  at,
}: {
  readonly deployment: Deployment
  readonly newest: ReplicaSet | undefined
  readonly older: readonly ReplicaSet[]
  readonly collisions: number
  readonly at: number
}): RolloutObservation {
  const all = newest === undefined ? older : [newest, ...older]
  const replicas = sum(all.map(({ status }) => status?.replicas ?? 0))
  const availableReplicas = sum(all.map(({ status }) => status?.availableReplicas ?? 0))
  const counts = {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas,
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: sum(all.map(({ status }) => status?.readyReplicas ?? 0)),
    availableReplicas,
    unavailableReplicas: Math.max(0, sum(all.map(desired)) - availableReplicas),
    ...(collisions > 0 && { collisionCount: collisions }),
  }
  const previous = deployment.status?.conditions ?? []
  const progressing = progress({ deployment, newest, counts, at })
  const conditions = [
    availability(deployment, availableReplicas),
    ...(progressing === undefined ? [] : [progressing.condition]),
  ]
  const kept = previous.filter(({ type }) => type !== 'Available' && type !== 'Progressing')
  return {
    status: {
      ...counts,
      conditions: [
        ...conditions.map((condition) => timed(condition, previous, at, moved(deployment, counts))),
        ...kept,
      ],
    },
    ...(progressing?.deadlineIn !== undefined && { deadlineIn: progressing.deadlineIn }),
  }
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  return (
    status.updatedReplicas === wanted(deployment) &&
    status.replicas === wanted(deployment) &&
    (status.availableReplicas ?? 0) >= wanted(deployment) &&
    status.observedGeneration === (deployment.metadata.generation ?? 0)
  )
}

function availability(deployment: Deployment, available: number): Condition {
  return available >= wanted(deployment) - limits(deployment).unavailable
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
}

function progress({
  deployment,
  newest,
  counts,
  at,
}: {
  readonly deployment: Deployment
  readonly newest: ReplicaSet | undefined
  readonly counts: DeploymentStatus
  readonly at: number
}): { readonly condition: Condition; readonly deadlineIn?: number } | undefined {
  const known = deployment.status?.conditions?.find(({ type }) => type === 'Progressing')
  const condition = (status: string, reason: string, message: string): Condition => ({
    type: 'Progressing',
    status,
    reason,
    message,
  })
  const { name } = newest?.metadata ?? deployment.metadata
  if (deployment.spec.paused === true) {
    return { condition: condition('Unknown', 'DeploymentPaused', 'Deployment is paused') }
  }
  if (isComplete(deployment, counts)) {
    return {
      condition: condition(
        'True',
        'NewReplicaSetAvailable',
        `ReplicaSet "${name}" has successfully progressed.`,
      ),
    }
  }
  const isNew =
    known === undefined || known.reason === 'NewReplicaSetAvailable' || known.reason === 'DeploymentPaused'
  const fresh =
    newest !== undefined && (newest.status?.replicas ?? 0) === 0 && isNew
      ? condition('True', 'NewReplicaSetCreated', `Created new replica set "${name}"`)
      : condition('True', 'ReplicaSetUpdated', `ReplicaSet "${name}" is progressing.`)
  if (isNew || moved(deployment, counts)) return { condition: fresh, deadlineIn: deadline(deployment) }
  const left = Date.parse(known.lastUpdateTime ?? '') + deadline(deployment) - at
  if (known.reason === 'ProgressDeadlineExceeded' || left <= 0) {
    return {
      condition: condition(
        'False',
        'ProgressDeadlineExceeded',
        `ReplicaSet "${name}" has timed out progressing.`,
      ),
    }
  }
  return { condition: condition('True', known.reason ?? '', known.message ?? ''), deadlineIn: left }
}

const deadline = ({ spec }: Deployment): number => (spec.progressDeadlineSeconds ?? 600) * 1000

/** More of the new, fewer of the old, more ready or available: that is progress. */
function moved({ status, metadata }: Deployment, counts: DeploymentStatus): boolean {
  const was = (value: number | undefined): number => value ?? 0
  const old = (of: DeploymentStatus | undefined): number => was(of?.replicas) - was(of?.updatedReplicas)
  return (
    was(status?.observedGeneration) !== (metadata.generation ?? 0) ||
    was(counts.updatedReplicas) > was(status?.updatedReplicas) ||
    old(counts) < old(status) ||
    was(counts.readyReplicas) > was(status?.readyReplicas) ||
    was(counts.availableReplicas) > was(status?.availableReplicas)
  )
}

function timed(
  condition: Condition,
  previous: readonly Condition[],
  at: number,
  hasMoved: boolean,
): Condition {
  const now = new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
  const known = previous.find(({ type }) => type === condition.type)
  const isSame =
    known?.status === condition.status &&
    known.reason === condition.reason &&
    known.message === condition.message
  const isUpdated =
    !isSame || (condition.type === 'Progressing' && hasMoved && condition.reason === 'ReplicaSetUpdated')
  return {
    ...condition,
    lastUpdateTime: isUpdated ? now : (known?.lastUpdateTime ?? now),
    lastTransitionTime: known?.status === condition.status ? (known.lastTransitionTime ?? now) : now,
  }
}
