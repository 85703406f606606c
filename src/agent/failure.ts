// How a task fails, as a value: what the journal's `task.failed` needs to say.

import type { ErrorCode } from '../domain/error.ts'
import { isKubeswarmError } from '../domain/error.ts'
import type { Denied } from '../domain/guardrail/decision.ts'

export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly remedy?: string
  /** Whether the same attempt could have gone well; the loop withdraws it once something may have changed outside. */
  readonly retryable: boolean
  readonly retryAfterMs?: number
}

// A provider's error may quote a whole page; the journal keeps what a person reads.
const MAX_MESSAGE = 4096
const bounded = (text: string): string =>
  text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE)}…`

/** `context` names what was being done, for errors that do not say it themselves. */
export const failureFrom = (error: unknown, context: string): Failure => {
  if (!isKubeswarmError(error)) {
    const message = error instanceof Error ? error.message : String(error)
    return { code: 'Internal', message: bounded(`cannot ${context}: ${message}`), retryable: false }
  }
  return {
    code: error.code,
    message: bounded(error.message),
    retryable: error.retryable,
    ...(error.remedy === undefined ? {} : { remedy: bounded(error.remedy) }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  }
}

/** Of a step that a rule does not let go on. */
export const policyFailure = ({ message, remedy }: Denied): Failure => ({
  code: 'PolicyDenied',
  message,
  ...(remedy === undefined ? {} : { remedy }),
  retryable: false,
})
