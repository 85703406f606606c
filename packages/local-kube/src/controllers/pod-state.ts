// What controllers want to know about a pod, in one word each.

import type { Pod } from '../client/kubernetes-types.ts'

export const isActive = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'

export const readySince = ({ status }: Pod): number | undefined => {
  const condition = status?.conditions?.find(({ type }) => type === 'Ready')
  return condition?.status === 'True' ? Date.parse(condition.lastTransitionTime ?? '') || 0 : undefined
}

export const isReady = (pod: Pod): boolean => readySince(pod) !== undefined

/** Milliseconds until the pod has been ready for long enough; 0 when it has; undefined when it is not ready. */
export function availableIn({
  pod,
  minReadySeconds,
  at,
}: {
  readonly pod: Pod
  readonly minReadySeconds: number
  readonly at: number
}): number | undefined {
  const since = readySince(pod)
  if (since === undefined) return undefined
  return minReadySeconds === 0 ? 0 : Math.max(0, since + minReadySeconds * 1000 - at)
}
