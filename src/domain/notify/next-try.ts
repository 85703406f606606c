// When a message that was not taken is tried again, and when it is given up.

const mostTries = 10
const firstMs = 5_000
const longestMs = 3 * 3_600_000

/** Milliseconds from now; undefined when it is given up. Ten tries reach over about half a day. */
export const nextTry = ({
  attempt,
  retryAfterMs = 0,
  random,
}: {
  /** Tries so far. */
  readonly attempt: number
  /** The other side's own wish. */
  readonly retryAfterMs?: number | undefined
  /** In [0, 1). */
  readonly random: number
}): number | undefined => {
  if (attempt >= mostTries) return undefined
  const ceiling = Math.min(longestMs, firstMs * 4 ** (attempt - 1))
  // Half fixed, half random: what failed together does not come back together.
  return Math.max(Math.min(retryAfterMs, longestMs), ceiling / 2 + (random * ceiling) / 2)
}
