// Senders that do not keep to HTTP, over real sockets: each gets the status it deserves, nothing starts, and the next
// honest delivery is taken.

import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { Client } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqliteStore } from '../adapters/sql/sqlite.ts'
import type { WebhookEvent } from '../ports/event-catalog.ts'
import { createManualClock, type ManualClock } from '../ports/manual-clock.ts'
import type { Store } from '../ports/store.ts'
import { plainTokens } from './hub.fixtures.ts'
import { startHub, type RunningHub } from './hub.ts'
import { silentLogger } from '../ports/silent-logger.ts'

const secret = 'a'.repeat(64)
const event: WebhookEvent = {
  namespace: 'ns',
  event: 'e',
  uid: 'uid',
  webhook: { signature: { scheme: 'github' } },
  secrets: [secret],
  suspended: false,
  targets: [{ team: 't', input: { alert: '{{ .trigger.body.alert }}' } }],
}
const body = '{"alert":"P1"}'
const signature = (of: string) => `sha256=${createHmac('sha256', secret).update(of).digest('hex')}`

describe('F82 a sender', () => {
  let hub: RunningHub
  let store: Store
  let clock: ManualClock
  beforeEach(async () => {
    clock = createManualClock()
    store = openSqliteStore({ path: ':memory:', clock })
    hub = await startHub({
      store,
      authenticator: plainTokens,
      events: {
        find: async ({ event: name }) => (name === 'e' ? event : undefined),
        ended: async () => undefined,
      },
      host: '127.0.0.1',
      port: 0,
      clock,
      logger: silentLogger,
    })
  })
  afterEach(async () => {
    const closing = hub.close()
    clock.advance(60_000)
    await closing
    await store.close()
  })

  /** Writes the parts one after the other and resolves to all that is answered before the connection ends. */
  const talk = (parts: readonly (string | (() => void))[]): Promise<string> =>
    new Promise((resolve) => {
      const { port } = new URL(hub.url)
      let answer = ''
      const socket = connect(Number(port), '127.0.0.1', () => {
        void (async () => {
          for (const part of parts) {
            if (typeof part === 'string') socket.write(part)
            else part()
            await new Promise((next) => setTimeout(next, 30))
          }
        })()
      })
      socket.setEncoding('utf8')
      socket.on('data', (text: string) => {
        answer += text
        if (answer.includes('"error"') || answer.includes('"accepted"')) socket.end()
      })
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(answer))
    })
  const head = (...lines: readonly string[]): string =>
    [
      'POST /triggers/ns/e/fire HTTP/1.1',
      'host: hub',
      'content-type: application/json',
      ...lines,
      '',
      '',
    ].join('\r\n')
  const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
  const statusOf = (answer: string): string => answer.split(' ', 2)[1] ?? 'closed'
  const honest = () =>
    fetch(`${hub.url}/triggers/ns/e/fire`, {
      method: 'POST',
      body,
      headers: { 'x-hub-signature-256': signature(body) },
    })

  test.each<{ readonly what: string; readonly parts: readonly string[]; readonly status: string }>([
    {
      what: 'that announces too much is refused before it has sent it',
      parts: [head('content-length: 1048576')],
      status: '413',
    },
    {
      what: 'that announces nothing and sends too much is cut off',
      parts: [
        head('transfer-encoding: chunked'),
        ...Array.from({ length: 6 }, () => chunk('x'.repeat(50_000))),
      ],
      status: '413',
    },
    {
      what: 'that compresses (a bomb would) is refused',
      parts: [head('content-encoding: gzip', 'content-length: 20'), 'x'.repeat(20)],
      status: '415',
    },
    {
      what: 'whose chunks lie about their size is refused by the parser',
      parts: [head('transfer-encoding: chunked'), 'ffffffffffffffffff\r\nx\r\n'],
      status: '400',
    },
    {
      what: 'that says two lengths is refused by the parser',
      parts: [head('content-length: 4', 'content-length: 14'), body],
      status: '400',
    },
    {
      what: 'that says a length and chunks is refused by the parser',
      parts: [head('content-length: 14', 'transfer-encoding: chunked'), chunk(body)],
      status: '400',
    },
    {
      what: 'whose body is longer than announced has signed something else',
      parts: [head('content-length: 4', `x-hub-signature-256: ${signature(body)}`), body],
      // Or what it sends beyond is found to be no request, whichever is first.
      status: '401 or 400',
    },
  ])('$what', async ({ parts, status }) => {
    expect(status.split(' or ')).toContain(statusOf(await talk(parts)))
    expect(await store.inbox.pending()).toEqual([])
    expect((await honest()).status).toBe(202)
  })

  test.each<{
    readonly what: string
    readonly path: string
    readonly signed: string
    readonly status: number
  }>([
    { what: 'who signs', path: '/triggers/ns/e/fire', signed: signature(body), status: 429 },
    { what: 'who does not', path: '/triggers/ns/e/fire', signed: 'sha256=0', status: 401 },
    { what: 'of an unknown event', path: '/triggers/ns/unknown/fire', signed: signature(body), status: 401 },
  ])(
    'F80 $what is refused with the same bytes whether the body came with the head or not',
    async ({ path, signed, status }) => {
      const client = new Client(hub.url)
      const send = async (parts: string | AsyncIterable<string>, to = path, signedAs = signed) => {
        const {
          statusCode,
          headers,
          body: text,
        } = await client.request({
          method: 'POST',
          path: to,
          headers: { 'x-hub-signature-256': signedAs, 'x-request-id': 'one' },
          body: typeof parts === 'string' ? parts : Readable.from(parts),
        })
        return { statusCode, headers: { ...headers, date: '' }, text: await text.text() }
      }
      const inPieces = async function* () {
        yield body.slice(0, 4)
        await new Promise((next) => setTimeout(next, 30))
        yield body.slice(4)
      }
      let answer
      do answer = await send(body, '/triggers/ns/e/fire', signature(body))
      while (answer.statusCode === 202)
      const [together, apart] = [await send(body), await send(inPieces())]
      expect(together.statusCode).toBe(status)
      expect(apart).toEqual(together)
      // All that was let in is one delivery and its duplicates.
      expect(await store.inbox.pending()).toHaveLength(1)
      await client.close()
    },
  )

  test('that sends its body too slowly is let go after ten seconds', async () => {
    const answer = talk([head('content-length: 14'), '{"al', () => clock.advance(10_000)])
    expect(statusOf(await answer)).toBe('408')
    const chunked = talk([head('transfer-encoding: chunked'), chunk('{"al'), () => clock.advance(10_000)])
    expect(statusOf(await chunked)).toBe('408')
    expect((await honest()).status).toBe(202)
  })

  test('that never ends its headers is let go', async () => {
    expect(['408', 'closed']).toContain(statusOf(await talk(['POST /triggers/ns/e/fire HTTP/1.1\r\nx: '])))
    expect((await honest()).status).toBe(202)
  })
})
