// A clock that a test or a simulation moves by hand. Timers fire in order, each at its own time.

import type { Clock } from './clock.ts'

export interface ManualClock extends Clock {
  /** Moves time forward and runs what became due. */
  advance(ms: number): void
}

export const createManualClock = ({
  start = Date.UTC(2026, 3, 1, 2, 52),
}: { start?: number } = {}): ManualClock => {
  let now = start
  let timers: { readonly at: number; readonly action: () => void }[] = []
  return {
    now: () => now,
    monotonic: () => now - start,
    after: (ms, action) => {
      const timer = { at: now + ms, action }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance: (ms) => {
      const end = now + ms
      for (;;) {
        const due = timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        timers = timers.filter((other) => other !== due)
        now = Math.max(now, due.at)
        due.action()
      }
      now = end
    },
  }
}
