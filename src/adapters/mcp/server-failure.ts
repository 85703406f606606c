// Why a tool server could not be used, in our words. The cause is kept: it tells whether a request ever left.

import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError, SseError } from '@modelcontextprotocol/client'

import { isKubeswarmError, KubeswarmError, type ErrorCode } from '../../domain/error.ts'
import { networkFailure } from '../http/network-failure.ts'
import { printable } from './result-text.ts'

interface FailureContext {
  /** The server as the user named it. */
  readonly server: string
  /** Where it was sought. */
  readonly url: string
  /** What was being done: `call "post_message"`. */
  readonly action: string
}

export const serverFailure = ({
  error,
  signal,
  ...context
}: FailureContext & { readonly error: unknown; readonly signal: AbortSignal }): KubeswarmError => {
  const own = ownFailure(error)
  if (own !== undefined) return own
  if (signal.aborted) return stopped({ reason: signal.reason, context })
  const status = httpStatus(error)
  if (status !== undefined && status >= 300) return refused({ error, status, context })
  if (isTimeout(error))
    return fail({ context, code: 'ToolTimeout', what: 'it did not answer in time', error })
  const network = networkFailure(error)
  switch (network.kind) {
    case 'refused':
      return unavailable({ context, error, what: 'nothing listens there (connection refused)' })
    case 'not-found':
      return unavailable({ context, error, what: `the host is not known (${network.message})` })
    case 'tls':
      return unavailable({ context, error, what: `the TLS connection failed (${network.message})` })
    case 'timeout':
      return fail({ context, code: 'ToolTimeout', what: `no answer in time (${network.message})`, error })
    case 'reset':
      return unavailable({ context, error, what: 'the connection broke' })
    case 'too-large':
      return fail({ context, code: 'ToolServerProtocol', what: network.message, error })
    case 'forbidden':
      return fail({
        context,
        code: 'PolicyDenied',
        what: network.message,
        remedy:
          'use another address; a private one behind a public name must be in mcpAllowlist of SwarmSettings',
        error,
      })
    case 'aborted':
    case 'other':
      return speech({ error, context })
  }
}

/** It answered, but not as an MCP server should. */
const speech = ({ error, context }: { error: unknown; context: FailureContext }): KubeswarmError => {
  if (SdkError.isInstance(error) && error.code === SdkErrorCode.ConnectionClosed) {
    return unavailable({ context, error, what: 'the connection broke before the answer was complete' })
  }
  if (ProtocolError.isInstance(error)) {
    return fail({
      context,
      code: 'ToolServerProtocol',
      what: `it answered with error ${error.code}: ${said(error)}`,
      error,
    })
  }
  return fail({
    context,
    code: 'ToolServerProtocol',
    what: `it does not answer as an MCP server: ${said(error)}`,
    remedy: 'check the URL, and set tools.mcp[].transport if the server speaks another dialect',
    error,
  })
}

const refused = ({
  error,
  status,
  context,
}: {
  error: unknown
  status: number
  context: FailureContext
}): KubeswarmError => {
  if (status < 400) {
    return fail({
      context,
      code: 'ToolServerProtocol',
      what: `it redirects (HTTP ${status}), and redirects are not followed`,
      remedy: 'write the final address into tools.mcp[].url',
      error,
    })
  }
  if (status === 401 || status === 403) {
    return fail({
      context,
      code: 'ToolServerUnauthorized',
      what: `it refused the credential (HTTP ${status})`,
      remedy: 'check tools.mcp[].auth and the Secret it names',
      error,
    })
  }
  if (status === 404 || status === 405) {
    return fail({
      context,
      code: 'ToolServerProtocol',
      what: `there is no MCP endpoint under that address (HTTP ${status})`,
      remedy: 'check the path of tools.mcp[].url, or set tools.mcp[].transport',
      error,
    })
  }
  if (status === 429 || status >= 500)
    return unavailable({ context, error, what: `it failed (HTTP ${status})` })
  return fail({ context, code: 'ToolServerProtocol', what: `it refused the request (HTTP ${status})`, error })
}

const stopped = ({ reason, context }: { reason: unknown; context: FailureContext }): KubeswarmError => {
  if (isKubeswarmError(reason)) return reason
  const late = reason instanceof Error && reason.name === 'TimeoutError'
  return fail({
    context,
    code: late ? 'ToolTimeout' : 'TaskCancelled',
    what: late ? 'it did not answer in time' : 'the call was cancelled',
    error: reason,
  })
}

const unavailable = ({
  context,
  what,
  error,
}: {
  context: FailureContext
  what: string
  error: unknown
}): KubeswarmError =>
  fail({
    context,
    code: 'ToolServerUnavailable',
    what,
    remedy: 'check that the server runs and that tools.mcp[].url is right',
    retryable: true,
    error,
  })

const fail = ({
  context,
  code,
  what,
  remedy,
  retryable = false,
  error,
}: {
  context: FailureContext
  code: ErrorCode
  what: string
  remedy?: string
  retryable?: boolean
  error: unknown
}): KubeswarmError =>
  new KubeswarmError({
    code,
    message: `cannot ${context.action} on tool server "${context.server}" at ${context.url}: ${what}`,
    ...(remedy !== undefined && { remedy }),
    retryable,
    cause: error,
  })

/** What our own fetch refused to do, wherever the protocol's client has wrapped it. */
const ownFailure = (error: unknown): KubeswarmError | undefined => {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth += 1)
    if (isKubeswarmError(cause)) return cause
  return undefined
}

/** The HTTP status behind an error, wherever in its chain of causes it is. */
export const httpStatus = (error: unknown): number | undefined => {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth += 1) {
    if (SdkHttpError.isInstance(cause)) return cause.status
    if (SseError.isInstance(cause)) return cause.code
  }
  return undefined
}

const isTimeout = (error: unknown): boolean =>
  SdkError.isInstance(error) && error.code === SdkErrorCode.RequestTimeout

const MAX_SAID = 200

const said = (error: unknown): string => {
  const text = printable(error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ')
  return text.length > MAX_SAID ? `${text.slice(0, MAX_SAID)} …` : text
}
