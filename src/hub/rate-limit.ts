// A token bucket per key, for a bounded number of keys: the one unused for longest is forgotten first, and starts
// full when it comes back.

import type { Clock } from '../ports/clock.ts'

export interface RateLimit {
  /** Milliseconds until the key may go on; 0 when it may now, which is then counted. */
  take(key: string): number
  /** What `take` would say now. Counts nothing. */
  wait(key: string): number
}

interface Bucket {
  readonly tokens: number
  readonly at: number
}

export const createRateLimit = ({
  clock,
  perSecond,
  burst,
  capacity = 4096,
}: {
  readonly clock: Clock
  readonly perSecond: number
  readonly burst: number
  readonly capacity?: number
}): RateLimit => {
  /** In the order of use, oldest first. */
  const buckets = new Map<string, Bucket>()
  const tokensOf = ({ tokens, at }: Bucket, now: number): number =>
    Math.min(burst, tokens + ((now - at) / 1000) * perSecond)
  const waitFor = (tokens: number): number => (tokens < 1 ? Math.ceil(((1 - tokens) / perSecond) * 1000) : 0)
  return {
    take: (key) => {
      const now = clock.monotonic()
      const bucket = buckets.get(key)
      const tokens = bucket === undefined ? burst : tokensOf(bucket, now)
      const waitMs = waitFor(tokens)
      buckets.delete(key)
      buckets.set(key, { tokens: waitMs > 0 ? tokens : tokens - 1, at: now })
      if (buckets.size > capacity) {
        const [oldest] = buckets.keys()
        if (oldest !== undefined) buckets.delete(oldest)
      }
      return waitMs
    },
    wait: (key) => {
      const bucket = buckets.get(key)
      return bucket === undefined ? 0 : waitFor(tokensOf(bucket, clock.monotonic()))
    },
  }
}
