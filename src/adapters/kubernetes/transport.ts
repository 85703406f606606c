// One HTTP exchange with the API server: signed, kept alive, refused with the server's own Status. It waits where the
// server asks to (429 and 503 with Retry-After), and repeats a read whose idle connection turned out dead; every
// other retry is the caller's.

import { setTimeout as sleep } from 'node:timers/promises'
import { request, type Dispatcher } from 'undici'
import { KubernetesApiError } from '../../ports/resources.ts'

export interface Transport {
  readonly server: string
  /** The Authorization header of this identity, for other servers that ask this cluster who a caller is. */
  authorization(): Promise<string | undefined>
  /** Parsed JSON answer. Throws KubernetesApiError for every status from 400 on and for an unreachable server. */
  exchange<T>(call: Call): Promise<T>
  /** The answer's body as it comes. Ends when the server ends it; throws when the connection breaks. */
  stream(
    call: Call & { readonly signal: AbortSignal; readonly idleTimeoutMs: number },
  ): Promise<AsyncIterable<Buffer>>
  /** One request as it is, and the answer as it is, whatever its status: for what lies behind the API server. */
  relay(request: RelayedRequest): Promise<Dispatcher.ResponseData>
  close(): Promise<void>
}

export interface RelayedRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  /** An `authorization` among them is replaced by the caller's own. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Dispatcher.DispatchOptions['body']
  readonly signal?: AbortSignal
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
}

const requestTimeoutMs = 30_000
const waitsPerCall = 4
const longestWaitMs = 10_000

export const openTransport = ({
  server,
  dispatcher,
  authorization,
  userAgent,
  close,
}: {
  readonly server: string
  readonly dispatcher: () => Dispatcher | Promise<Dispatcher>
  readonly authorization: () => string | undefined | Promise<string | undefined>
  readonly userAgent: string
  readonly close: () => Promise<void>
}): Transport => {
  const send = async (
    call: Call,
    options: { readonly signal?: AbortSignal; readonly bodyTimeout: number },
  ) => {
    const header = await authorization()
    const url = new URL(server + call.path)
    for (const [name, value] of Object.entries(call.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, value)
    return request(url, {
      method: call.method,
      dispatcher: await dispatcher(),
      headers: {
        accept: call.accept ?? 'application/json',
        'user-agent': userAgent,
        ...(header === undefined ? {} : { authorization: header }),
        ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      headersTimeout: requestTimeoutMs,
      bodyTimeout: options.bodyTimeout,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
  }

  const respond = async (
    call: Call,
    options: { readonly signal?: AbortSignal; readonly bodyTimeout: number },
  ) => {
    for (let waits = 0, reconnects = 0; ;) {
      let response: Dispatcher.ResponseData
      try {
        response = await send(call, options)
      } catch (cause) {
        if (options.signal?.aborted) throw cause
        if (call.method === 'GET' && isDeadConnection(cause) && reconnects++ < 1) continue
        throw unreachable(call, cause)
      }
      if (response.statusCode < 400) return response
      const refusal = await readRefusal(call, response)
      const mayWait = refusal.status === 429 || refusal.status === 503
      if (!mayWait || refusal.retryAfterMs === undefined || waits++ >= waitsPerCall) throw refusal
      await sleep(Math.min(refusal.retryAfterMs, longestWaitMs), undefined, options)
    }
  }

  return {
    server,
    authorization: async () => authorization(),
    async exchange<T>(call: Call): Promise<T> {
      const response = await respond(call, { bodyTimeout: requestTimeoutMs })
      try {
        return (await response.body.json()) as T
      } catch (cause) {
        throw unreachable(call, cause)
      }
    },
    async stream({ signal, idleTimeoutMs, ...call }) {
      return (await respond(call, { signal, bodyTimeout: idleTimeoutMs })).body
    },
    async relay({ method, path, headers, body, signal }) {
      const header = await authorization()
      return request(new URL(server + path), {
        method: method as Dispatcher.HttpMethod,
        dispatcher: await dispatcher(),
        headers: {
          ...headers,
          'user-agent': userAgent,
          ...(header === undefined ? {} : { authorization: header }),
        },
        body: body ?? null,
        headersTimeout: requestTimeoutMs,
        bodyTimeout: requestTimeoutMs,
        ...(signal === undefined ? {} : { signal }),
      })
    },
    close,
  }
}

/** `read ECONNRESET` and its kin: the pool handed out a connection the server had already dropped. */
const isDeadConnection = (error: unknown): boolean => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET'
}

const unreachable = (call: Call, cause: unknown): KubernetesApiError =>
  new KubernetesApiError({
    status: 0,
    reason: 'Unreachable',
    message: `cannot ${call.method} ${call.path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    cause,
  })

interface StatusBody {
  readonly message?: string
  readonly reason?: string
  readonly details?: { readonly retryAfterSeconds?: number }
}

const readRefusal = async (call: Call, response: Dispatcher.ResponseData): Promise<KubernetesApiError> => {
  const raw = await response.body.text().catch(() => '')
  const status = parseStatus(raw)
  const said = status.message ?? (raw.slice(0, 200) || `HTTP ${response.statusCode}`)
  const retryAfterMs = retryAfter(response.headers['retry-after'], status.details?.retryAfterSeconds)
  return new KubernetesApiError({
    status: response.statusCode,
    reason: status.reason ?? 'Unknown',
    message: `cannot ${call.method} ${call.path}: ${said}`,
    said,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

const parseStatus = (raw: string): StatusBody => {
  try {
    const body: unknown = JSON.parse(raw)
    return typeof body === 'object' && body !== null ? body : {}
  } catch {
    return {}
  }
}

const retryAfter = (header: string | readonly string[] | undefined, seconds: number | undefined) => {
  const asked = Number(typeof header === 'string' ? header : Number.NaN)
  if (Number.isFinite(asked)) return asked * 1000
  return seconds === undefined ? undefined : seconds * 1000
}
