// Asks the hub again while it cannot be reached. Only for what is safe to say twice: the first time may have arrived.

import { isKubeswarmError } from '../../domain/error.ts'
import type { Clock } from '../../ports/clock.ts'

const RETRY_BASE_MS = 100
const RETRY_CAP_MS = 5000

/** Resolves with the first answer. Rejects with the last error when patience ends, and at once with a final one. */
export const untilAnswered = async <T>({
  ask,
  patienceMs,
  clock,
  random,
}: {
  readonly ask: () => Promise<T>
  readonly patienceMs: number
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
}): Promise<T> => {
  const until = clock.monotonic() + patienceMs
  for (let tries = 1; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      if (!isKubeswarmError(error) || !error.retryable || clock.monotonic() >= until) throw error
      const ms = error.retryAfterMs ?? random() * Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** tries)
      await new Promise<void>((done) => clock.after(ms, done))
    }
  }
}
