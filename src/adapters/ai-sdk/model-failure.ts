// Why a model call failed, in our words: which model at which endpoint, what it said, and what to do about it.

import { AISDKError, APICallError } from '@ai-sdk/provider'

import { isKubeswarmError, KubeswarmError, type ErrorCode } from '../../domain/error.ts'
import { networkFailure } from '../http/network-failure.ts'
import type { ProviderChoice } from './choose-provider.ts'
import { retryAfterMs } from './retry-after.ts'

interface Context {
  readonly model: string
  readonly endpoint: string
  readonly choice: ProviderChoice
  readonly now: number
}

export const modelFailure = ({
  error,
  signal,
  ...context
}: Context & { readonly error: unknown; readonly signal: AbortSignal }): KubeswarmError => {
  if (isKubeswarmError(error)) return error
  if (signal.aborted) return stopped({ reason: signal.reason, context })
  if (!APICallError.isInstance(error)) return notAnAnswer({ error, context })
  const { statusCode } = error
  if (statusCode === undefined) return noAnswer({ error, context })
  if (statusCode < 300) return broken({ error, context })
  return refused({ error, status: statusCode, context })
}

const subject = ({ model, endpoint }: Context): string => `model "${model}" at ${endpoint}`

const stopped = ({ reason, context }: { reason: unknown; context: Context }): KubeswarmError => {
  if (isKubeswarmError(reason)) return reason
  const late = reason instanceof Error && reason.name === 'TimeoutError'
  return new KubeswarmError({
    code: late ? 'ModelTimeout' : 'TaskCancelled',
    message: `cannot ask ${subject(context)}: ${late ? 'no answer in time' : 'the call was cancelled'}`,
    retryable: late,
    cause: reason,
  })
}

/** The provider answered, and what it said was no turn. */
const notAnAnswer = ({ error, context }: { error: unknown; context: Context }): KubeswarmError => {
  const network = networkFailure(error)
  if (network.kind !== 'other') return noAnswer({ error, context })
  const detail = AISDKError.isInstance(error) ? error.message : 'the answer has no message in it'
  return new KubeswarmError({
    code: 'InvalidModelResponse',
    message: `cannot read the answer of ${subject(context)}: ${shorten({ text: detail, context })}`,
    remedy: `check that ${context.choice.urlSetting} speaks the API that is expected there (${context.choice.dialect})`,
    retryable: true,
    cause: error,
  })
}

/** Success by its status, but the body broke off or is not what it should be. */
const broken = ({ error, context }: { error: APICallError; context: Context }): KubeswarmError => {
  const network = networkFailure(error.cause)
  if (network.kind !== 'other') return noAnswer({ error: error.cause, context })
  return new KubeswarmError({
    code: 'InvalidModelResponse',
    message: `cannot read the answer of ${subject(context)}: ${shorten({ text: error.message, context })}`,
    remedy: `check that ${context.choice.urlSetting} speaks the API that is expected there (${context.choice.dialect})`,
    retryable: true,
    cause: error,
  })
}

const noAnswer = ({ error, context }: { error: unknown; context: Context }): KubeswarmError => {
  const { kind, message } = networkFailure(error)
  const fail = (code: ErrorCode, what: string, retryable: boolean) =>
    new KubeswarmError({
      code,
      message: `cannot reach ${subject(context)}: ${what}`,
      remedy: startIt(context),
      retryable,
      cause: error,
    })
  switch (kind) {
    case 'refused':
      return fail('ModelUnreachable', 'nothing listens there (connection refused)', true)
    case 'not-found':
      return fail('ModelUnreachable', `the host is not known (${message})`, true)
    case 'timeout':
      return fail('ModelTimeout', `no answer in time (${message})`, true)
    case 'tls':
      return fail('ModelUnreachable', `the TLS connection failed (${message})`, false)
    case 'forbidden':
      return fail('ModelUnreachable', message, false)
    case 'too-large':
      return fail('InvalidModelResponse', message, false)
    case 'reset':
      return fail('ModelUnreachable', 'the connection broke before the answer was complete', true)
    case 'aborted':
    case 'other':
      return fail('ModelUnreachable', message, true)
  }
}

const startIt = ({ endpoint, choice }: Context): string =>
  endpoint.endsWith(':11434')
    ? `start Ollama there (ollama serve), or set ${choice.urlSetting} to where it runs`
    : `check that the endpoint is up and that ${choice.urlSetting} is right`

const refused = ({
  error,
  status,
  context,
}: {
  error: APICallError
  status: number
  context: Context
}): KubeswarmError => {
  const { choice, model } = context
  const body = error.responseBody ?? ''
  const headers = error.responseHeaders ?? {}
  const after = retryAfterMs({ headers, body, now: context.now })
  const said = shorten({ text: error.message, context })
  const fail = (code: ErrorCode, what: string, remedy: string, retryable = false) =>
    new KubeswarmError({
      code,
      message: `cannot ask ${subject(context)}: ${what}`,
      remedy,
      retryable,
      ...(retryable && after !== undefined && { retryAfterMs: after }),
      cause: error,
    })

  if (status < 400) {
    const target = headers['location']
    return fail(
      'ModelUnreachable',
      `it redirects (HTTP ${status}${target === undefined ? '' : ` to ${originOf(target)}`}), and redirects are not followed`,
      `set ${choice.urlSetting} to the final address`,
    )
  }
  // What a provider says of a wrong key may quote the key: it is not repeated.
  if (status === 401 || status === 403 || /api[ _]key not valid|API_KEY_INVALID/i.test(body)) {
    return fail(
      'ModelUnauthorized',
      `the key was refused (HTTP ${status})`,
      `put a valid ${choice.keySetting} into Secret kubeswarm-api-keys of the agent’s namespace`,
    )
  }
  if (status === 402 || isQuota(body)) {
    return fail(
      'ModelQuotaExceeded',
      `the account has no quota left (HTTP ${status}): ${said}`,
      'top up the account or raise its limit; waiting does not help',
    )
  }
  if (isUnknownModel({ status, body })) {
    return fail(
      'ModelNotFound',
      `it has no such model (HTTP ${status}): ${said}`,
      looksLikeOllama({ context, body })
        ? `ollama pull ${model}`
        : 'name a model the endpoint lists under /models',
    )
  }
  if (status === 404) {
    return fail(
      'ModelUnreachable',
      'there is no such API under that address (HTTP 404)',
      `check the path of ${choice.urlSetting}; most endpoints want it to end in /v1`,
    )
  }
  if (status === 413 || isTooLong(body)) {
    return fail(
      'ContextTooLong',
      `the prompt does not fit its context (HTTP ${status}): ${said}`,
      'shorten the prompt or the inputs, or use a model with a larger context',
    )
  }
  if (status === 429) {
    return fail(
      'ModelRateLimited',
      `too many requests (HTTP 429): ${said}`,
      'wait, or lower concurrentTasks',
      true,
    )
  }
  if (status === 408) return fail('ModelTimeout', 'it gave up waiting (HTTP 408)', startIt(context), true)
  if (status >= 500) {
    return fail('ModelServerError', `it failed (HTTP ${status}): ${said}`, 'try again later', true)
  }
  return fail(
    'ModelRefused',
    `it refused the request (HTTP ${status}): ${said}`,
    /does not support tools/i.test(body)
      ? 'use a model that supports tools, for example qwen2.5:7b'
      : 'see what the endpoint says, and change the agent’s spec accordingly',
  )
}

const isQuota = (body: string): boolean =>
  /insufficient_quota|credit balance is too low|billing_hard_limit/i.test(body)

const isUnknownModel = ({ status, body }: { status: number; body: string }): boolean =>
  /model_not_found|model[^\n]{0,200}(not found|does not exist|is not supported)|not_found_error/i.test(
    body,
  ) &&
  (status === 404 || status === 400)

const isTooLong = (body: string): boolean =>
  /context_length_exceeded|maximum context length|prompt is too long|exceeds the maximum number of tokens/i.test(
    body,
  )

const looksLikeOllama = ({ context, body }: { context: Context; body: string }): boolean =>
  context.endpoint.endsWith(':11434') || /try pulling it|ollama/i.test(body)

const originOf = (location: string): string =>
  URL.canParse(location) ? new URL(location).origin : 'another path'

const MAX_SAID = 300

/** What the provider said, bounded, on one line, and without the key. */
const shorten = ({ text, context }: { text: string; context: Context }): string => {
  const { apiKey } = context.choice
  const safe = apiKey !== undefined && apiKey.length > 5 ? text.replaceAll(apiKey, '[redacted]') : text
  const line = safe.replaceAll(/\s+/g, ' ').trim()
  return line.length > MAX_SAID ? `${line.slice(0, MAX_SAID)} …` : line
}
