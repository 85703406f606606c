// How the hub says no: one class with the HTTP status, and the status of every error code the store may throw.

import type { ContentfulStatusCode } from 'hono/utils/http-status'
import {
  isKubeswarmError,
  KubeswarmError,
  type ErrorCode,
  type KubeswarmErrorOptions,
} from '../domain/error.ts'
import type { ErrorReply } from './wire.ts'

/** A refusal as a value: where many are given, an error for each would cost more than the answer. */
export interface Refusal extends KubeswarmErrorOptions {
  readonly status: ContentfulStatusCode
}

/** An error whose status does not follow from its code. */
export class HubRefusal extends KubeswarmError {
  readonly status: ContentfulStatusCode

  constructor({ status, ...options }: Refusal) {
    super(options)
    this.status = status
  }
}

const statusByCode: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  InvalidInput: 400,
  TemplateError: 400,
  Unauthorized: 401,
  Forbidden: 403,
  PolicyDenied: 403,
  NotFound: 404,
  StaleLease: 409,
  HubUnavailable: 503,
  StoreUnavailable: 503,
}

interface Refused {
  readonly status: ContentfulStatusCode
  readonly reply: ErrorReply
  /** The header of that name. */
  readonly retryAfter?: string
}

/** The answer to what went wrong. What should not happen is told to the log, and to the caller only by its request id. */
export const refusedBy = ({
  error,
  requestId,
}: {
  readonly error: unknown
  readonly requestId: string
}): Refused => {
  const status = statusOf(error)
  if (!isKubeswarmError(error) || status === undefined) {
    const message = `internal error; the hub's log has it under request ${requestId}`
    return { status: 500, reply: { error: { code: 'Internal', message } } }
  }
  return answerTo({ refusal: error, status })
}

const answerTo = ({
  refusal: { code, message, remedy, retryAfterMs },
  status,
}: {
  readonly refusal: Pick<KubeswarmErrorOptions, 'code' | 'message'> & {
    readonly remedy?: string | undefined
    readonly retryAfterMs?: number | undefined
  }
  readonly status: ContentfulStatusCode
}): Refused => ({
  status,
  reply: { error: { code, message, ...(remedy === undefined ? {} : { remedy }) } },
  ...(retryAfterMs === undefined ? {} : { retryAfter: String(Math.ceil(retryAfterMs / 1000)) }),
})

/** The answer that `refusedBy` gives to an error of this refusal. */
export const refusedWith = (refusal: Refusal): Refused => answerTo({ refusal, status: refusal.status })

const statusOf = (error: unknown): ContentfulStatusCode | undefined => {
  if (error instanceof HubRefusal) return error.status
  return isKubeswarmError(error) ? statusByCode[error.code] : undefined
}

export const unauthorized = (): KubeswarmError =>
  new KubeswarmError({
    code: 'Unauthorized',
    message: 'the request carries no valid bearer token',
    remedy: 'send "Authorization: Bearer <token>"',
  })

/** To who does not prove to be an event's sender, whatever the reason. */
export const unproven: Refusal = {
  status: 401,
  code: 'Unauthorized',
  message: 'the request does not prove that its sender may start runs here',
  remedy: 'send the token of the event ("Authorization: Bearer <token>"), or sign the body as the event says',
}

export const invalidInput = (message: string, remedy?: string): KubeswarmError =>
  new KubeswarmError({ code: 'InvalidInput', message, ...(remedy === undefined ? {} : { remedy }) })

export const runNotFound = ({
  namespace,
  name,
}: {
  readonly namespace: string
  readonly name: string
}): KubeswarmError =>
  new KubeswarmError({
    code: 'NotFound',
    message: `SwarmRun ${namespace}/${name} has no journal: it has not started, or it does not exist`,
    remedy: `kubectl -n ${namespace} get swarmrun ${name}`,
  })
