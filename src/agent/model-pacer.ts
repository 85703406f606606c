// When a model call may be tried again, and how long everybody waits after the provider said "slow down": one pacer is
// shared by all tasks of the process, so that they do not stampede together.

import type { Clock } from '../ports/clock.ts'
import { pause } from './pause.ts'

export const MODEL_TRIES = 5
const BASE_MS = 1000
const CAP_MS = 60_000

export interface ModelPacer {
  /** Waits until no provider pause is in force. */
  ready(signal: AbortSignal): Promise<void>
  /** How long to wait after the failed try `tries` (1-based); a Retry-After also holds everybody else. */
  delayAfter(failure: { readonly tries: number; readonly retryAfterMs?: number }): number
}

export const modelPacer = ({
  clock,
  random,
}: {
  readonly clock: Clock
  readonly random: () => number
}): ModelPacer => {
  let blockedUntil = 0
  return {
    ready: async (signal) => {
      const wait = blockedUntil - clock.monotonic()
      if (wait > 0) await pause({ clock, ms: wait, signal })
    },
    delayAfter: ({ tries, retryAfterMs }) => {
      const jittered = random() * Math.min(CAP_MS, BASE_MS * 2 ** (tries - 1))
      if (retryAfterMs === undefined || !Number.isFinite(retryAfterMs) || retryAfterMs <= 0) return jittered
      blockedUntil = Math.max(blockedUntil, clock.monotonic() + Math.min(retryAfterMs, CAP_MS))
      return retryAfterMs + jittered / 4
    },
  }
}
