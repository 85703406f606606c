// How many pods a ReplicaSet needs more or fewer, which ones go, and what its status says. Pure.

import type { Pod, ReplicaSet } from '../client/kubernetes-types.ts'
import { matchesSelector } from '../client/label-selector.ts'
import { availableIn, isActive, isReady, readySince } from './pod-state.ts'

export interface ReplicaSetPlan {
  readonly create: number
  readonly remove: readonly Pod[]
}

export function planReplicas({
  replicaSet,
  pods,
}: {
  readonly replicaSet: ReplicaSet
  readonly pods: readonly Pod[]
}): ReplicaSetPlan {
  if (replicaSet.metadata.deletionTimestamp !== undefined) return { create: 0, remove: [] }
  const active = pods.filter(isActive)
  const difference = (replicaSet.spec.replicas ?? 1) - active.length
  if (difference >= 0) return { create: difference, remove: [] }
  return { create: 0, remove: active.toSorted(leastMissedFirst).slice(0, -difference) }
}

/** Unassigned before assigned, pending before running, not ready before ready, young before old. */
function leastMissedFirst(left: Pod, right: Pod): number {
  return (
    Number(Boolean(left.spec.nodeName)) - Number(Boolean(right.spec.nodeName)) ||
    Number(left.status?.phase === 'Running') - Number(right.status?.phase === 'Running') ||
    Number(isReady(left)) - Number(isReady(right)) ||
    (readySince(right) ?? 0) - (readySince(left) ?? 0) ||
    compare(right.metadata.creationTimestamp ?? '', left.metadata.creationTimestamp ?? '') ||
    compare(left.metadata.name, right.metadata.name)
  )
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

export interface ReplicaSetObservation {
  readonly status: NonNullable<ReplicaSet['status']>
  /** When another pod will have been ready for long enough. */
  readonly nextAvailableIn?: number
}

export function observeReplicas({
  replicaSet,
  pods,
  at,
}: {
  readonly replicaSet: ReplicaSet
  readonly pods: readonly Pod[]
  readonly at: number
}): ReplicaSetObservation {
  const minReadySeconds = replicaSet.spec.minReadySeconds ?? 0
  const active = pods.filter(isActive)
  const waits = active
    .map((pod) => availableIn({ pod, minReadySeconds, at }))
    .filter((wait) => wait !== undefined)
  const later = waits.filter((wait) => wait > 0)
  const templateLabels = { matchLabels: replicaSet.spec.template.metadata?.labels ?? {} }
  return {
    status: {
      replicas: active.length,
      fullyLabeledReplicas: active.filter(({ metadata }) => matchesSelector(templateLabels, metadata.labels))
        .length,
      readyReplicas: active.filter(isReady).length,
      availableReplicas: waits.length - later.length,
      observedGeneration: replicaSet.metadata.generation ?? 0,
    },
    ...(later.length > 0 && { nextAvailableIn: Math.min(...later) }),
  }
}
