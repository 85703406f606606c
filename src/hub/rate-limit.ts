// A token bucket per key, for a bounded number of keys: the one unused for longest is forgotten first, and starts
// full when it comes back.

import type { Clock } from '../ports/clock.ts'

interface RateLimit {
  /** Milliseconds until the key may go on; 0 when it may now, which is then counted. */
  take(key: string): number
}

interface Bucket {
  tokens: number
  at: number
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
  return {
    take: (key) => {
      const now = clock.monotonic()
      const bucket = buckets.get(key) ?? { tokens: burst, at: now }
      bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond)
      bucket.at = now
      buckets.delete(key)
      buckets.set(key, bucket)
      if (buckets.size > capacity) {
        const [oldest] = buckets.keys()
        if (oldest !== undefined) buckets.delete(oldest)
      }
      if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / perSecond) * 1000)
      bucket.tokens -= 1
      return 0
    },
  }
}
