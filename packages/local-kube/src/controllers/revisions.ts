// The numbers by which `kubectl rollout history` and `undo` know the states of a Deployment. Pure.

import type { Deployment, ReplicaSet } from '../client/kubernetes-types.ts'

export const revisionAnnotation = 'deployment.kubernetes.io/revision'
const historyAnnotation = 'deployment.kubernetes.io/revision-history'

/** The Deployment's own bookkeeping, and kubectl's copy of what was applied to it, are not its ReplicaSets'. */
const notInherited = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  historyAnnotation,
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.deployment.rollback.to',
])

export const revisionOf = ({ metadata }: ReplicaSet): number =>
  Number(metadata.annotations?.[revisionAnnotation] ?? 0)

/** The current template always has the highest number; one that is returned to gets a new number and keeps its old ones. */
export function planRevisions({
  newest,
  older,
}: {
  readonly newest: ReplicaSet | undefined
  readonly older: readonly ReplicaSet[]
}): { readonly revision: string; readonly history?: string } {
  const highestOther = Math.max(0, ...older.map(revisionOf))
  const own = newest === undefined ? 0 : revisionOf(newest)
  const past = newest?.metadata.annotations?.[historyAnnotation]
  if (own > highestOther) return { revision: String(own), ...(past !== undefined && { history: past }) }
  const history = [...(past === undefined ? [] : [past]), ...(own > 0 ? [String(own)] : [])].join(',')
  return { revision: String(highestOther + 1), ...(history !== '' && { history }) }
}

export function inheritedAnnotations({
  deployment,
  revision,
  history,
}: {
  readonly deployment: Deployment
  readonly revision: string
  readonly history?: string | undefined
}): Readonly<Record<string, string>> {
  const own = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !notInherited.has(key))
  return {
    ...Object.fromEntries(own),
    [revisionAnnotation]: revision,
    ...(history !== undefined && { [historyAnnotation]: history }),
  }
}
