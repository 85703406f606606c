// The work queue of a controller: each key is worked on by one worker at a time, and a key that is added ten times
// while it waits is worked on once. It knows keys, not objects, so work always starts from what is true now.

import type { Clock } from '../../ports/clock.ts'

export interface WorkQueue {
  /** Work on `key` soon. Nothing is lost: added while in work, it comes again afterwards. */
  add(key: string): void
  /** Work on `key` in `ms`. An earlier appointment of the same key stays. */
  addAfter(key: string, ms: number): void
  /** Work on `key` again after a failure; each failure in a row waits about twice as long as the one before. */
  addRateLimited(key: string, atLeastMs?: number): void
  /** The failures in a row are over. */
  forget(key: string): void
  /** The next key, or undefined once the queue is closed and empty of work. */
  take(): Promise<string | undefined>
  /** The worker that took `key` is done with it. */
  done(key: string): void
  /** Takes no more keys; resolves when every taken key is done. Waiting keys are dropped: the next start finds them. */
  drain(): Promise<void>
  readonly size: number
}

export const createWorkQueue = ({
  clock,
  random,
  baseDelayMs = 20,
  maxDelayMs = 30_000,
}: {
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly baseDelayMs?: number
  readonly maxDelayMs?: number
}): WorkQueue => {
  // Keys that need work. A key in `processing` may be in it too, and then is not in `waiting`.
  const dirty = new Set<string>()
  // Keys some worker holds. Never handed out a second time: that is what makes work on one key serial.
  const processing = new Set<string>()
  // The order of hand-out: exactly the dirty keys that are not in processing, each once (a Set keeps both).
  const waiting = new Set<string>()
  // One appointment per key at most.
  const appointments = new Map<string, { readonly at: number; readonly cancel: () => void }>()
  const failures = new Map<string, number>()
  const takers: ((key: string | undefined) => void)[] = []
  const drainers: (() => void)[] = []
  let closed = false

  const handOut = (): void => {
    while (takers.length > 0 && waiting.size > 0) {
      const [key] = waiting
      if (key === undefined) return
      waiting.delete(key)
      dirty.delete(key)
      processing.add(key)
      takers.shift()?.(key)
    }
  }
  const cancelAppointment = (key: string): void => {
    appointments.get(key)?.cancel()
    appointments.delete(key)
  }

  const queue: WorkQueue = {
    add(key) {
      if (closed || dirty.has(key)) return
      dirty.add(key)
      if (processing.has(key)) return
      waiting.add(key)
      handOut()
    },
    addAfter(key, ms) {
      if (closed) return
      if (ms <= 0) return queue.add(key)
      const at = clock.monotonic() + ms
      const earlier = appointments.get(key)
      if (earlier !== undefined && earlier.at <= at) return
      cancelAppointment(key)
      const cancel = clock.after(ms, () => {
        appointments.delete(key)
        queue.add(key)
      })
      appointments.set(key, { at, cancel })
    },
    addRateLimited(key, atLeastMs = 0) {
      const count = failures.get(key) ?? 0
      failures.set(key, count + 1)
      const ceiling = Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(count, 30))
      // Half fixed, half random: keys that failed together do not come back together.
      queue.addAfter(key, Math.max(atLeastMs, ceiling / 2 + (random() * ceiling) / 2))
    },
    forget(key) {
      failures.delete(key)
    },
    take() {
      if (closed) return Promise.resolve(undefined)
      return new Promise((resolve) => {
        takers.push(resolve)
        handOut()
      })
    },
    done(key) {
      processing.delete(key)
      if (dirty.has(key) && !closed) {
        waiting.add(key)
        handOut()
      }
      if (closed && processing.size === 0) for (const resolve of drainers.splice(0)) resolve()
    },
    drain() {
      closed = true
      for (const key of appointments.keys()) cancelAppointment(key)
      waiting.clear()
      dirty.clear()
      for (const resolve of takers.splice(0)) resolve(undefined)
      if (processing.size === 0) return Promise.resolve()
      return new Promise((resolve) => drainers.push(resolve))
    },
    get size() {
      return waiting.size
    },
  }
  return queue
}
