import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { Client } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EventCatalog, WebhookEvent } from '../ports/event-catalog.ts'
import { createManualClock, type ManualClock } from '../ports/manual-clock.ts'
import type { Store } from '../ports/store.ts'
import { createDoor, type Door } from './door.ts'
import { createHubMetrics, type HubMetrics } from './metrics.ts'
import { refuseEarly } from './refuse-early.ts'

const token = 'a'.repeat(64)
const event: WebhookEvent = {
  namespace: 'ns',
  event: 'flooded',
  uid: 'flooded-uid',
  webhook: {},
  secrets: [token],
  suspended: false,
  targets: [{ team: 't' }],
}
const events: Record<string, WebhookEvent> = {
  flooded: event,
  other: { ...event, event: 'other', uid: 'other-uid' },
  resting: { ...event, event: 'resting', uid: 'resting-uid', suspended: true },
}
const noTasks = { tasks: { depths: async () => [] } } as unknown as Store

describe('what stands in front of the application', () => {
  let clock: ManualClock
  let metrics: HubMetrics
  let door: Door
  let find: EventCatalog['find']
  let server: Server
  let client: Client
  let connections: number
  /** What the application was given: the body where it was read already. */
  let passed: (string | undefined)[]
  let logged: unknown[]

  beforeEach(async () => {
    clock = createManualClock()
    metrics = createHubMetrics()
    find = async ({ event: name }) => events[name]
    door = createDoor({ events: { find: (of) => find(of), ended: async () => undefined }, clock, metrics })
    passed = []
    logged = []
    connections = 0
    const log = (fields: unknown) => void logged.push(fields)
    server = createServer(
      refuseEarly({
        context: {
          clock,
          metrics,
          newId: () => 'fresh-id',
          logger: { debug: log, info: log, warn: log, error: log },
        },
        door,
        application: (incoming, outgoing) => {
          passed.push((incoming as IncomingMessage & { rawBody?: Buffer }).rawBody?.toString())
          outgoing.writeHead(204).end()
        },
      }),
    )
    server.on('connection', () => (connections += 1))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })
  afterEach(async () => {
    await client.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  const send = async ({
    name = 'flooded',
    path = `/triggers/ns/${name}/fire`,
    method = 'POST',
    shown = token,
    body = '{"alert":"P1"}',
    headers = {},
  }: {
    readonly name?: string
    readonly path?: string
    readonly method?: 'POST' | 'PUT'
    readonly shown?: string
    readonly body?: string | null
    readonly headers?: Readonly<Record<string, string>>
  } = {}) => {
    const response = await client.request({
      method,
      path,
      headers: { authorization: `Bearer ${shown}`, ...headers },
      body,
    })
    return {
      status: response.statusCode,
      headers: response.headers,
      text: await response.body.text(),
    }
  }
  const flood = async (name = 'flooded') => {
    const delivery = { namespace: 'ns', event: name, body: Buffer.from('{}') }
    const header = (each: string) => (each === 'authorization' ? `Bearer ${token}` : undefined)
    while ((await door.enter({ ...delivery, header })).type === 'sender');
  }

  test('F80 a sender over the limit is refused without the application, and may go on over its connection', async () => {
    expect((await send()).status).toBe(204)
    await flood()
    for (let sent = 0; sent < 3; sent += 1) {
      const { status, headers, text } = await send()
      expect([status, headers['retry-after'], headers['content-type']]).toEqual([
        429,
        '1',
        'application/json',
      ])
      expect(JSON.parse(text)).toMatchObject({ error: { code: 'HubUnavailable' } })
    }
    expect((await send({ name: 'other' })).status).toBe(204)
    clock.advance(1000)
    expect((await send()).status).toBe(204)
    expect(passed).toEqual(['{"alert":"P1"}', '{"alert":"P1"}', '{"alert":"P1"}'])
    expect(connections).toBe(1)
  })

  test('F80 what it lets pass is counted by the application alone', async () => {
    for (let sent = 0; sent < 2100; sent += 1) await send()
    expect(passed).toHaveLength(2100)
  })

  test('F84 X2 a stranger is refused without the application, with the same bytes whatever exists', async () => {
    await flood()
    await flood('other')
    clock.advance(1000)
    await flood()
    const shown: string[] = []
    for (const request of [
      { shown: 'wrong' },
      { name: 'other', shown: 'wrong' },
      { name: 'unknown' },
      { name: 'resting' },
      { name: 'unknown', shown: 'wrong', body: '' },
    ]) {
      const { status, headers, text } = await send(request)
      shown.push(JSON.stringify([status, { ...headers, date: '' }, text]))
    }
    expect(new Set(shown).size).toBe(1)
    expect(shown[0]).toMatch(/^\[401,/)
    expect(passed).toEqual([])
  })

  test('every refusal is counted, and told by its id and the route’s pattern', async () => {
    await flood()
    await send({ headers: { 'x-request-id': 'sender-7' } })
    const { headers } = await send({ shown: 'wrong' })
    expect(headers['x-request-id']).toBe('fresh-id')
    const route = '/triggers/:namespace/:event/fire'
    expect(logged).toEqual([
      { requestId: 'sender-7', method: 'POST', route, status: 429, durationMs: 0 },
      { requestId: 'fresh-id', method: 'POST', route, status: 401, durationMs: 0 },
    ])
    const text = await metrics.render(noTasks)
    // The flood ended at its first refusal.
    expect(text).toContain('kubeswarm_trigger_events_total{outcome="rate_limited"} 2\n')
    expect(text).toContain('kubeswarm_trigger_events_total{outcome="unauthorized"} 1\n')
    expect(text).toContain(`kubeswarm_hub_requests_total{route="${route}",status="429"} 1\n`)
  })

  test.each<{ readonly what: string; readonly request: Parameters<typeof send>[0] }>([
    { what: 'of another path', request: { path: '/v1/tasks/lease' } },
    { what: 'with a path spelled in another way', request: { path: '/triggers/ns/%66looded/fire' } },
    { what: 'of another method', request: { method: 'PUT' } },
    { what: 'with a compressed body', request: { headers: { 'content-encoding': 'gzip' } } },
    { what: 'with a body larger than what is read at once', request: { body: 'x'.repeat(70_000) } },
  ])('a request $what is the application’s, unread', async ({ request }) => {
    await flood()
    expect((await send({ shown: 'wrong', ...request })).status).toBe(204)
    expect(passed).toEqual([undefined])
  })

  test('a body that comes later than its head is the application’s, unread', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
        socket.write('POST /triggers/ns/flooded/fire HTTP/1.1\r\nhost: hub\r\ncontent-length: 10\r\n\r\n{"al')
      })
      socket.setEncoding('utf8').once('data', (text: string) => {
        socket.destroy()
        resolve(text)
      })
    })
    expect(answer).toMatch(/^HTTP\/1.1 204 /)
    expect(passed).toEqual([undefined])
  })

  test('where the events cannot be asked the application says so', async () => {
    find = () => Promise.reject(new Error('the cache is closed'))
    expect((await send()).status).toBe(204)
    expect(passed).toEqual(['{"alert":"P1"}'])
  })
})
