// The hub over HTTP, as an agent's source of tasks. Every write carries a deterministic key, so a write whose answer
// was lost is simply sent again until the hub is back or patience ends. Leases and heartbeats are not: their caller
// decides.

import { request } from 'undici'
import { isKubeswarmError, KubeswarmError } from '../../domain/error.ts'
import type {
  ErrorReply,
  LeaseReply,
  LeaseRequest,
  HeartbeatRequest,
  ProofRequest,
  RecordRequest,
  ReserveReply,
  ReserveRequest,
  StandingReply,
} from '../../hub/wire.ts'
import { paths } from '../../hub/wire.ts'
import type { Clock } from '../../ports/clock.ts'
import type { TaskSource } from '../../ports/task-source.ts'
import { resolvingAgent } from '../http/resolving-agent.ts'
import type { HostResolver } from '../http/service-resolver.ts'
import type { TokenFile } from './token-file.ts'
import { untilAnswered } from './until-answered.ts'

export interface HubClient extends TaskSource {
  close(): Promise<void>
}

export interface HubClientOptions {
  readonly url: string
  readonly token: TokenFile
  readonly clock: Clock
  readonly random: () => number
  /** Where a Service name leads; left to DNS where unset. */
  readonly resolver?: HostResolver
  /** How long an unreachable hub is waited for before a write fails with `HubUnavailable`. */
  readonly patienceMs?: number
}

const CONNECT_TIMEOUT_MS = 5000
const REPLY_TIMEOUT_MS = 15_000
/** A hub that hangs must not cost a lease that another hub would extend: the next beat comes before it runs out. */
const HEARTBEAT_TIMEOUT_MS = 3000

export const connectHub = ({
  url,
  token,
  clock,
  random,
  resolver,
  patienceMs = 60_000,
}: HubClientOptions): HubClient => {
  const dispatcher = resolvingAgent({
    ...(resolver === undefined ? {} : { resolver }),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    idleTimeoutMs: REPLY_TIMEOUT_MS,
  })
  const base = new URL(url)

  const send = async ({ method, path, body, signal, timeoutMs = REPLY_TIMEOUT_MS }: Sent): Promise<Reply> => {
    const bearer = await token.token()
    try {
      const { statusCode, body: reply } = await request(new URL(path, base), {
        dispatcher,
        method,
        headers: {
          authorization: `Bearer ${bearer}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      })
      return { status: statusCode, text: await reply.text() }
    } catch (cause) {
      throw unavailable({ url, why: cause instanceof Error ? cause.message : String(cause), cause })
    }
  }

  const ask = async (sent: Sent): Promise<Reply> => {
    let reply = await send(sent)
    if (reply.status === 401) {
      // It may have rotated between the read and the call.
      token.forget()
      reply = await send(sent)
    }
    if (reply.status >= 400) throw refusal({ url, path: sent.path, ...reply })
    return reply
  }

  const askUntilAnswered = (sent: Sent): Promise<Reply> =>
    untilAnswered({ ask: () => ask(sent), patienceMs, clock, random })

  const post = async <Body, Answer>(path: string, body: Body): Promise<Answer> =>
    answer<Answer>(path, await askUntilAnswered({ method: 'POST', path, body }))

  return {
    lease: async ({ holder, waitMs, signal }) => {
      const body: LeaseRequest = { holder, waitMs }
      const path = paths.lease
      const reply = await ask({ method: 'POST', path, body, signal, timeoutMs: waitMs + REPLY_TIMEOUT_MS })
      return reply.status === 204 ? undefined : answer<LeaseReply>(path, reply)
    },
    heartbeat: async ({ task, fence, waitMs = 0 }) => {
      const body: HeartbeatRequest = { task, fence, ...(waitMs === 0 ? {} : { waitMs }) }
      return answer<StandingReply>(
        paths.heartbeat,
        await ask({ method: 'POST', path: paths.heartbeat, body, timeoutMs: waitMs + HEARTBEAT_TIMEOUT_MS }),
      )
    },
    record: ({ task, fence, records, contents }) =>
      post<RecordRequest, StandingReply>(paths.record, recordRequest({ task, fence, records, contents })),
    reserve: ({ task, fence, record, before }) =>
      post<ReserveRequest, ReserveReply>(paths.reserve, {
        task,
        fence,
        record,
        ...(before === undefined ? {} : { before }),
      }),
    finish: async ({ task, fence, records, contents }) => {
      const body = recordRequest({ task, fence, records, contents })
      await askUntilAnswered({ method: 'POST', path: paths.finish, body })
    },
    release: async ({ task, fence }) => {
      const body: ProofRequest = { task, fence }
      await askUntilAnswered({ method: 'POST', path: paths.release, body })
    },
    content: async (sha256) => {
      const path = paths.content.replace(':sha256', encodeURIComponent(sha256))
      try {
        return (await askUntilAnswered({ method: 'GET', path })).text
      } catch (error) {
        if (isKubeswarmError(error) && error.code === 'NotFound') return undefined
        throw error
      }
    },
    close: () => dispatcher.destroy(),
  }
}

interface Sent {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}
interface Reply {
  readonly status: number
  readonly text: string
}

const recordRequest = ({
  contents,
  ...rest
}: Omit<RecordRequest, 'contents'> & {
  readonly contents: readonly string[] | undefined
}): RecordRequest => (contents === undefined || contents.length === 0 ? rest : { ...rest, contents })

// Both sides come from one wire file and one release; what is not JSON at all is a stranger on that address.
const answer = <Answer>(path: string, { text }: Reply): Answer => {
  try {
    return JSON.parse(text) as Answer
  } catch (cause) {
    throw new KubeswarmError({
      code: 'HubUnavailable',
      message: `cannot understand the hub's answer to ${path}: it is not JSON`,
      remedy: 'check that KUBESWARM_HUB_URL leads to the hub',
      cause,
    })
  }
}

const unavailable = ({
  url,
  why,
  cause,
}: {
  readonly url: string
  readonly why: string
  readonly cause?: unknown
}): KubeswarmError =>
  new KubeswarmError({
    code: 'HubUnavailable',
    message: `cannot reach the hub at ${url}: ${why}`,
    remedy: 'check that the hub runs and that KUBESWARM_HUB_URL leads to it',
    retryable: true,
    cause,
  })

const refusal = ({
  url,
  path,
  status,
  text,
}: Reply & { readonly url: string; readonly path: string }): KubeswarmError => {
  const said = refusalIn(text)
  const message = `the hub refused ${path} with ${status}: ${said?.message ?? 'no reason given'}`
  const remedy = said?.remedy === undefined ? {} : { remedy: said.remedy }
  switch (status) {
    case 400:
      return new KubeswarmError({ code: 'InvalidInput', message, ...remedy })
    case 401:
      return new KubeswarmError({ code: 'Unauthorized', message, ...remedy })
    case 403:
      return new KubeswarmError({ code: 'Forbidden', message, ...remedy })
    case 404:
      return new KubeswarmError({ code: 'NotFound', message, ...remedy })
    case 409:
      return new KubeswarmError({ code: 'StaleLease', message, ...remedy })
    default:
      return status === 429 || status >= 500
        ? unavailable({ url, why: said?.message ?? `status ${status}` })
        : new KubeswarmError({ code: 'Internal', message, ...remedy })
  }
}

const refusalIn = (text: string): ErrorReply['error'] | undefined => {
  try {
    const reply = JSON.parse(text) as Partial<ErrorReply> | null
    return typeof reply?.error?.message === 'string' ? reply.error : undefined
  } catch {
    return undefined
  }
}
