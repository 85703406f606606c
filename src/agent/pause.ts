// Waiting on the clock that was passed in, cut short by a signal.

import type { Clock } from '../ports/clock.ts'

/** Resolves after `ms`, or at once when the signal aborts; the caller looks at the signal. */
export const pause = ({
  clock,
  ms,
  signal,
}: {
  readonly clock: Clock
  readonly ms: number
  readonly signal: AbortSignal
}): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const done = (): void => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    signal.addEventListener('abort', done)
  })
