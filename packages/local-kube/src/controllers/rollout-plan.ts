// The next step of a Deployment's rollout, decided from what is seen: which ReplicaSets to scale, and when to wait. Pure;
// each step is small, and its effect, once observed, leads to the next.

import { createHash } from 'node:crypto'
import { canonicalJson, sameValue } from '../client/canonical-json.ts'
import type { Deployment, IntOrString, PodTemplate, ReplicaSet } from '../client/kubernetes-types.ts'

export const hashLabel = 'pod-template-hash'

export interface Scaling {
  readonly replicaSet: ReplicaSet
  readonly replicas: number
}

export interface RolloutInput {
  readonly deployment: Deployment
  readonly newest: ReplicaSet | undefined
  readonly older: readonly ReplicaSet[]
  /** Pods of older ReplicaSets that still run, terminating ones included; Recreate waits for them. */
  readonly olderPodsRunning: number
}

export const wanted = ({ spec }: Deployment): number => spec.replicas ?? 1
export const desired = ({ spec }: ReplicaSet): number => spec.replicas ?? 1
const available = ({ status }: ReplicaSet): number => status?.availableReplicas ?? 0
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** undefined in `newest`: it must be created, with `initialReplicas`; this plans for what exists. */
export function planScaling(input: RolloutInput): readonly Scaling[] {
  const { deployment, newest, older } = input
  if (deployment.spec.paused === true) return planPaused(input)
  if (newest === undefined) return []
  if (deployment.spec.strategy?.type === 'Recreate') {
    const down = older.filter((set) => desired(set) > 0).map((replicaSet) => ({ replicaSet, replicas: 0 }))
    if (down.length > 0) return down
    return input.olderPodsRunning > 0 ? [] : scaleTo(newest, wanted(deployment))
  }
  const up = planUp(deployment, newest, older)
  return up.length > 0 ? up : planDown(deployment, newest, older)
}

/** How many replicas a ReplicaSet made now starts with; undefined: not yet. */
export function initialReplicas({
  deployment,
  older,
  olderPodsRunning,
}: Omit<RolloutInput, 'newest'>): number | undefined {
  if (deployment.spec.paused === true) return undefined
  if (deployment.spec.strategy?.type === 'Recreate') {
    return sum(older.map(desired)) > 0 || olderPodsRunning > 0 ? 0 : wanted(deployment)
  }
  return Math.min(wanted(deployment), Math.max(0, mostPods(deployment) - sum(older.map(desired))))
}

/** A paused Deployment can still be scaled: the change goes to the newest ReplicaSet that has pods. */
function planPaused({ deployment, newest, older }: RolloutInput): readonly Scaling[] {
  const sets = [...(newest === undefined ? [] : [newest]), ...older]
  const target = sets.find((set) => desired(set) > 0) ?? newest
  if (target === undefined) return []
  const others = sum(sets.filter((set) => set !== target).map(desired))
  return scaleTo(target, Math.max(0, wanted(deployment) - others))
}

function planUp(
  deployment: Deployment,
  newest: ReplicaSet,
  older: readonly ReplicaSet[],
): readonly Scaling[] {
  if (desired(newest) > wanted(deployment)) return scaleTo(newest, wanted(deployment))
  const room = mostPods(deployment) - desired(newest) - sum(older.map(desired))
  if (room <= 0) return []
  return scaleTo(newest, Math.min(wanted(deployment), desired(newest) + room))
}

function planDown(
  deployment: Deployment,
  newest: ReplicaSet,
  older: readonly ReplicaSet[],
): readonly Scaling[] {
  const all = [newest, ...older]
  const fewest = wanted(deployment) - limits(deployment).unavailable
  let spare = sum(all.map(desired)) - fewest - (desired(newest) - available(newest))
  if (spare <= 0) return []
  const result = new Map<ReplicaSet, number>()
  // Pods that never became available are no loss.
  for (const set of older) {
    const unhealthy = Math.min(spare, desired(set) - available(set))
    if (unhealthy <= 0) continue
    result.set(set, desired(set) - unhealthy)
    spare -= unhealthy
  }
  let surplus = Math.min(spare, sum(all.map(available)) - fewest)
  for (const set of older.toSorted(oldestFirst)) {
    const left = result.get(set) ?? desired(set)
    const fewer = Math.min(surplus, left)
    if (fewer <= 0) continue
    result.set(set, left - fewer)
    surplus -= fewer
  }
  return [...result].map(([replicaSet, replicas]) => ({ replicaSet, replicas }))
}

const oldestFirst = (left: ReplicaSet, right: ReplicaSet): number =>
  (left.metadata.creationTimestamp ?? '') < (right.metadata.creationTimestamp ?? '') ? -1 : 1

const scaleTo = (replicaSet: ReplicaSet, replicas: number): readonly Scaling[] =>
  desired(replicaSet) === replicas ? [] : [{ replicaSet, replicas }]

export const mostPods = (deployment: Deployment): number => wanted(deployment) + limits(deployment).surge

export function limits(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const { strategy } = deployment.spec
  if (strategy?.type === 'Recreate') return { surge: 0, unavailable: wanted(deployment) }
  const surge = resolve(strategy?.rollingUpdate?.maxSurge ?? '25%', wanted(deployment), Math.ceil)
  const unavailable = resolve(
    strategy?.rollingUpdate?.maxUnavailable ?? '25%',
    wanted(deployment),
    Math.floor,
  )
  // Both zero would never move.
  return {
    surge,
    unavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, wanted(deployment)),
  }
}

function resolve(value: IntOrString, of: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value
  return value.endsWith('%') ? round((Number(value.slice(0, -1)) / 100) * of) : Number(value)
}

/** The template as its author wrote it: without the label that is ours. */
function bare(template: PodTemplate): PodTemplate {
  const { [hashLabel]: _, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}

export const hasTemplate = (replicaSet: ReplicaSet, template: PodTemplate): boolean =>
  sameValue(withoutEmpty(bare(replicaSet.spec.template)), withoutEmpty(bare(template)))

function withoutEmpty(template: PodTemplate): PodTemplate {
  const { creationTimestamp: _, ...metadata } = template.metadata ?? {}
  return { ...template, metadata }
}

const safe = 'bcdfghjklmnpqrstvwxz2456789'

/** Ten characters that cannot spell a word. */
export function templateHash({
  template,
  collisions,
}: {
  readonly template: PodTemplate
  readonly collisions: number
}): string {
  const digest = createHash('sha256')
    .update(`${collisions} ${canonicalJson(withoutEmpty(bare(template)))}`)
    .digest()
  return [...digest.subarray(0, 10)].map((byte) => safe[byte % safe.length]).join('')
}
