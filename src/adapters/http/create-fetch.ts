// `fetch` on top of undici's `request`, for the libraries that take one: half the CPU of the built-in. It goes where a
// host resolver says and an address guard lets it, never follows a redirect (so that no credential crosses an origin), bounds every wait, and can
// bound the size of an answer while reading it.

import type { Readable } from 'node:stream'

import { request, type Agent, type Dispatcher } from 'undici'

import { bodyOf } from './body-of.ts'
import type { AddressGuard } from './address-guard.ts'
import { resolvingAgent, type TlsMaterial } from './resolving-agent.ts'
import { lightResponse } from './light-response.ts'
import { readableBody } from './readable-body.ts'
import type { HostResolver } from './service-resolver.ts'

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

export interface HttpClient {
  readonly fetch: Fetch
  close(): Promise<void>
}

export const createFetch = ({
  resolver,
  guard,
  lookup,
  tls,
  connectTimeoutMs = 10_000,
  idleTimeoutMs = 60_000,
  maxResponseBytes,
}: {
  readonly resolver?: HostResolver
  readonly guard?: AddressGuard
  readonly lookup?: (host: string) => Promise<readonly string[]>
  /** Client certificate and authority, asked for before each request: a new one gets new connections. */
  readonly tls?: () => TlsMaterial
  readonly connectTimeoutMs?: number
  /** Longest wait for headers, and between two pieces of a body. */
  readonly idleTimeoutMs?: number
  /** Reading more than that fails with ResponseTooLargeError; counted after decompression. */
  readonly maxResponseBytes?: number
} = {}): HttpClient => {
  const agentWith = (material: TlsMaterial | undefined): Agent =>
    resolvingAgent({
      ...(resolver && { resolver }),
      ...(guard && { guard }),
      ...(lookup && { lookup }),
      ...(material && { tls: material }),
      connectTimeoutMs,
      idleTimeoutMs,
    })
  let current = { agent: agentWith(undefined), of: '' }
  const currentAgent = (): Agent => {
    const material = tls?.()
    const of = material === undefined ? '' : JSON.stringify(material)
    if (of !== current.of) {
      // What is in flight ends on the connections it has.
      void current.agent.close().catch(() => undefined)
      current = { agent: agentWith(material), of }
    }
    return current.agent
  }
  return {
    fetch: async (input, init = {}) => {
      const source = input instanceof Request ? input : undefined
      const url = source === undefined ? new URL(input as string | URL) : new URL(source.url)
      const signal = init.signal ?? source?.signal ?? undefined
      signal?.throwIfAborted()
      const { body, contentType } = bodyOf(init.body ?? source?.body)
      const headers = new Headers(init.headers ?? source?.headers)
      if (contentType !== undefined && !headers.has('content-type')) headers.set('content-type', contentType)
      if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity')
      try {
        const answer = await request(withoutCredentials(url), {
          dispatcher: currentAgent(),
          method: (init.method ?? source?.method ?? 'GET') as Dispatcher.HttpMethod,
          headers: Object.fromEntries(headers),
          body,
          ...(signal && { signal }),
        })
        const received = headersOf(answer.headers)
        return lightResponse({
          url,
          status: answer.statusCode,
          headers: received,
          body: readableBody({
            body: answer.body as Readable,
            headers: received,
            maxBytes: maxResponseBytes,
          }),
        })
      } catch (cause) {
        if (signal?.aborted) throw signal.reason
        throw new TypeError('fetch failed', { cause })
      }
    },
    close: () => current.agent.close().catch(() => current.agent.destroy()),
  }
}

/** `user:password@` in a URL is refused as `fetch` does; a secret there ends in logs. */
const withoutCredentials = (url: URL): URL => {
  if (url.username === '' && url.password === '') return url
  throw new TypeError(
    `cannot request ${url.origin}: the URL holds a user name or password; send it in a header`,
  )
}

const headersOf = (raw: Readonly<Record<string, string | string[] | undefined>>): Headers => {
  const headers = new Headers()
  for (const [name, value] of Object.entries(raw)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) headers.append(name, one)
  }
  return headers
}
