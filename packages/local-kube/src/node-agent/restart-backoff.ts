// When a container that ended may start again: at once the first time, then after 10 s, 20 s, … up to 5 min; a run of
// ten minutes wins back the first chance.

export interface RestartBackoff {
  /** Milliseconds before the first repeated restart. */
  readonly first: number
  readonly longest: number
  /** A run that lasted this long is forgiven. */
  readonly forgivenAfter: number
}

export const kubernetesBackoff: RestartBackoff = { first: 10_000, longest: 300_000, forgivenAfter: 600_000 }

/** `previous`: the delay before the run that just ended, undefined when there was none. */
export function nextRestartDelay({
  backoff,
  previous,
  ranFor,
}: {
  readonly backoff: RestartBackoff
  readonly previous: number | undefined
  readonly ranFor: number
}): number {
  if (previous === undefined || ranFor >= backoff.forgivenAfter) return 0
  return previous === 0 ? backoff.first : Math.min(previous * 2, backoff.longest)
}
