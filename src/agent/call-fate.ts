// What a failed tool call says about the call itself: whether it can have had an effect. Told from the chain of causes,
// because one error code covers a connection that was refused and one that broke half-way.

import { isKubeswarmError } from '../domain/error.ts'

/**
 * `not-executed`: refused before anything could act on it. `answered`: the server itself says that the call failed.
 * `unknown`: it may have happened.
 */
export type CallFate = 'not-executed' | 'answered' | 'unknown'

export const fateOf = (error: unknown): CallFate => {
  // Refused credentials are refused before a request is read.
  if (isKubeswarmError(error) && error.code === 'ToolServerUnauthorized') return 'not-executed'
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth++) {
    if (wasNotSent(cause) || wasRefused(cause)) return 'not-executed'
    if (isProtocolAnswer(cause)) return 'answered'
  }
  return 'unknown'
}

// Errors that arise before a single byte of the request has left.
const BEFORE_SENDING: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ADDRESS_FORBIDDEN',
])

const wasNotSent = (error: Error): boolean =>
  ('code' in error && BEFORE_SENDING.has(error.code)) ||
  // One error per address that was tried.
  (error instanceof AggregateError &&
    error.errors.length > 0 &&
    error.errors.every((each) => each instanceof Error && wasNotSent(each)))

// 408 is a timeout in the middle of a request; every other 4xx turns the request away.
const wasRefused = (error: Error): boolean =>
  'status' in error &&
  typeof error.status === 'number' &&
  error.status >= 400 &&
  error.status < 500 &&
  error.status !== 408

/** JSON-RPC errors carry negative numbers. */
const isProtocolAnswer = (error: Error): boolean =>
  'code' in error && typeof error.code === 'number' && error.code < 0
