// What follows a failed attempt: another one, or the end of the step.

import type { StepFailure, StepState } from '../journal/fold.ts'
import { deadlineOf } from './deadline.ts'
import type { Planning } from './planning.ts'

export type AttemptDecision =
  | {
      readonly type: 'retry'
      readonly attempt: number
      readonly notBefore?: string
      /** The attempt whose conversation the next one goes on with. */
      readonly continues?: number
    }
  | { readonly type: 'failed'; readonly reason: string; readonly message: string }

const BASE_MS = 1000
const CAP_MS = 60_000

export const decideAttempt = (planning: Planning, step: StepState): AttemptDecision => {
  const { failure } = step
  if (failure === undefined) throw new TypeError(`step ${step.name} failed without a failure`)
  // No new attempt at what failed: a person has said how the call ended that nobody knew about.
  if (step.resumes === true) return { type: 'retry', attempt: step.attempt + 1, continues: step.attempt }
  const { code, message } = failure
  const failed = (why: string): AttemptDecision => ({
    type: 'failed',
    reason: code,
    message: `${message}${why}`,
  })

  const unknown = step.openCalls.filter(({ write }) => write).map(({ tool }) => tool)
  if (unknown.length > 0) {
    const reason = 'OutcomeUnknown'
    return { type: 'failed', reason, message: `${message}; the outcome of ${unknown.join(', ')} is unknown` }
  }
  const attempts = planning.retries(step.agent) + 1
  if (!failure.retryable) return failed('')
  if (step.attempt >= attempts) return failed(` (attempt ${step.attempt} of ${attempts})`)
  if (step.writes.length > 0) {
    // A new attempt starts from the beginning and would do it a second time.
    return failed(
      `; not tried again, because ${[...new Set(step.writes)].join(', ')} has already taken effect`,
    )
  }
  const notBefore = Date.parse(failure.at) + backoffMs(planning, step, failure)
  const deadline = deadlineOf(planning)
  if (deadline !== undefined && notBefore >= deadline) {
    return failed('; not tried again, because the next attempt would start after the deadline of the run')
  }
  return { type: 'retry', attempt: step.attempt + 1, notBefore: new Date(notBefore).toISOString() }
}

/** Exponential with full jitter, and never before the other side wants it. */
const backoffMs = (
  { random }: Planning,
  { attempt }: StepState,
  { retryAfterMs = 0 }: StepFailure,
): number => {
  const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt - 1, 16))
  return Math.max(retryAfterMs, Math.floor(random() * ceiling))
}
