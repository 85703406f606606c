// The fetch of one tool server's connection: goes to that server's own origin only, adds its own headers, bounds what is
// read, and opens no channel nobody listens to.

import { AsyncLocalStorage } from 'node:async_hooks'

import type { Fetch } from '../http/create-fetch.ts'
import { limitedResponse } from '../http/light-response.ts'

/** What one call learns about its own answers. */
export interface CallScope {
  exceeded: boolean
}

export const callScopes = new AsyncLocalStorage<CallScope>()

export const READ_CAP_BYTES = 10 * 1024 * 1024

export const guardedFetch = ({
  fetch,
  origin,
  headers,
  standingChannel,
  maxBytes = READ_CAP_BYTES,
}: {
  readonly fetch: Fetch
  readonly origin: string
  readonly headers: () => Readonly<Record<string, string>>
  /** Whether the transport needs its GET stream (SSE); streamable HTTP answers on each POST. */
  readonly standingChannel: boolean
  readonly maxBytes?: number
}): ((input: string | URL, init?: RequestInit) => Promise<Response>) => {
  return async (input, init = {}) => {
    const url = new URL(input)
    if (url.origin !== origin)
      throw new TypeError(`a tool server at ${origin} may not send us to ${url.origin}`)
    const method = init.method ?? 'GET'
    // Tools are fixed for a task, so notices of changes have no reader.
    if (method === 'GET' && !standingChannel) return new Response(null, { status: 405 })
    const scope = callScopes.getStore()
    const all = new Headers(init.headers)
    for (const [name, value] of Object.entries(headers())) all.set(name, value)
    const response = await fetch(url, { ...init, headers: all })
    return limitedResponse({
      response,
      limit: {
        maxBytes,
        perEvent: method === 'GET',
        onExceeded: () => {
          if (scope !== undefined) scope.exceeded = true
        },
      },
    })
  }
}
