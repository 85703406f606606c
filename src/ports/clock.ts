// Time, passed in. Nothing outside `adapters` and `processes` reads a clock or sets a timer by itself.

export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number
  /** Milliseconds on a clock that never goes back; for durations and deadlines. */
  monotonic(): number
  /** Runs `action` once after `ms`; the returned function cancels it. */
  after(ms: number, action: () => void): () => void
}
