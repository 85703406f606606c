// A hub in memory for tests: the real application on a real store, a clock moved by hand, and tokens that are plain
// names: `agent:<namespace>/<agent>` and `account:<name>` for hub tokens of an agent and of
// another ServiceAccount, `user:<name>` for a person's.

import { openSqliteStore } from '../adapters/sql/sqlite.ts'
import { createHubApp } from '../hub/app.ts'
import { createHubMetrics } from '../hub/metrics.ts'
import { HUB_AUDIENCE, paths } from '../hub/wire.ts'
import type { Authenticator } from '../ports/authenticator.ts'
import type { EventCatalog, WebhookEvent } from '../ports/event-catalog.ts'
import { createManualClock, type ManualClock } from '../ports/manual-clock.ts'
import type { Store } from '../ports/store.ts'
import { silentLogger } from '../ports/silent-logger.ts'

/** `user:reader` may read every run of `incident-response`. */
export const plainTokens: Authenticator = {
  authenticate: async ({ token, audience }) => {
    const [kind, name = ''] = token.split(':')
    if (kind === 'agent' && audience === HUB_AUDIENCE) {
      return { username: `system:serviceaccount:${name.replace('/', ':')}-agent`, groups: [] }
    }
    if (kind === 'account' && audience === HUB_AUDIENCE) return { username: name, groups: [] }
    return kind === 'user' && audience === undefined ? { username: name, groups: [] } : undefined
  },
  authorize: async ({ user, namespace }) => user.username === 'reader' && namespace === 'incident-response',
}

export const investigator = 'agent:incident-response/incident-investigator'
export const notifier = 'agent:incident-response/incident-notifier'
export const reader = 'user:reader'

const untilAborted: EventCatalog['ended'] = (_, signal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined)))

export interface TestHub {
  readonly store: Store
  readonly clock: ManualClock
  readonly closing: AbortController
  post(
    path: string,
    options: { token?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<Response>
  /** Posts a body of which nobody knows the length. */
  stream(path: string, body: ReadableStream): Promise<Response>
  get(path: string, options?: { token?: string; signal?: AbortSignal }): Promise<Response>
}

export const createTestHub = ({
  events = {},
  ended = untilAborted,
}: {
  events?: Record<string, WebhookEvent>
  ended?: EventCatalog['ended']
} = {}): TestHub => {
  const clock = createManualClock()
  const store = openSqliteStore({ path: ':memory:', clock })
  const closing = new AbortController()
  const catalog: EventCatalog = {
    find: async ({ namespace, event }) => events[`${namespace}/${event}`],
    ended: (run, signal) => ended(run, signal),
  }
  let ids = 0
  const app = createHubApp({
    store,
    authenticator: plainTokens,
    events: catalog,
    clock,
    logger: silentLogger,
    newId: () => `id-${++ids}`,
    closing: closing.signal,
    leaseMs: 10_000,
    metrics: createHubMetrics(),
  })
  const authorization = (token: string | undefined) =>
    token === undefined ? {} : { authorization: `Bearer ${token}` }
  return {
    store,
    clock,
    closing,
    post: async (path, { token, body, headers = {} }) =>
      app.request(path, {
        method: 'POST',
        headers: { ...authorization(token), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    stream: async (path, body) => app.request(path, { method: 'POST', body, duplex: 'half' } as RequestInit),
    get: async (path, { token, signal } = {}) =>
      app.request(path, { headers: authorization(token), ...(signal === undefined ? {} : { signal }) }),
  }
}

export const journalPath = (name: string, query = ''): string =>
  paths.journal.replace(':namespace', 'incident-response').replace(':name', name) + query
