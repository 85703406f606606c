// The client against a hub of a few lines on a real port: what it sends, what it repeats, and what it gives up on.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Clock } from '../../ports/clock.ts'
import { connectHub, type HubClient } from './hub-client.ts'
import { tokenFile } from './token-file.ts'

interface Received {
  readonly path: string
  readonly token: string
  readonly body: unknown
}
type Answer = { readonly status: number; readonly body?: unknown } | 'hang' | 'cut'

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, action) => {
    // Backoff is not what these tests wait for.
    const timer = setTimeout(action, ms / 50)
    return () => clearTimeout(timer)
  },
}

let directory: string
let server: Server
let client: HubClient
let received: Received[]
let answers: Answer[]

const textOf = async (request: IncomingMessage): Promise<string> => {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

beforeEach(async () => {
  received = []
  answers = []
  directory = await mkdtemp(join(tmpdir(), 'hub-client-'))
  await writeFile(join(directory, 'token'), 'first\n')
  server = createServer((request, response) => {
    void textOf(request).then((text) => {
      received.push({
        path: request.url ?? '',
        token: request.headers.authorization ?? '',
        body: text === '' ? undefined : JSON.parse(text),
      })
      const answer = answers.shift() ?? { status: 500 }
      if (answer === 'hang') return
      if (answer === 'cut') {
        request.socket.destroy()
        return
      }
      response.writeHead(answer.status, { 'content-type': 'application/json' })
      response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  client = connectHub({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: tokenFile(join(directory, 'token')),
    clock,
    random: () => 0.5,
    patienceMs: 2000,
  })
})

afterEach(async () => {
  await client.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(directory, { recursive: true })
})

const standing = { expiresAt: '2026-04-23T02:47:00.000Z', policy: { revision: 'r' } }
const proof = { task: 'uid/investigator/1', fence: 3 }

test('a lease carries holder and wait; 204 is no task', async () => {
  answers = [{ status: 204 }, { status: 200, body: { task: { id: 't' }, fence: 1 } }]
  const request = { holder: 'pod-1', waitMs: 30_000, signal: new AbortController().signal }
  expect(await client.lease(request)).toBeUndefined()
  expect(await client.lease(request)).toMatchObject({ fence: 1 })
  expect(received[0]).toEqual({
    path: '/v1/tasks/lease',
    token: 'Bearer first',
    body: { holder: 'pod-1', waitMs: 30_000 },
  })
})

test('an aborted lease lets go of the long poll', async () => {
  answers = ['hang']
  const abort = new AbortController()
  const lease = client.lease({ holder: 'pod-1', waitMs: 30_000, signal: abort.signal })
  while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
  abort.abort()
  await expect(lease).rejects.toMatchObject({ code: 'HubUnavailable' })
})

test('a write whose answer was lost is sent again, word for word', async () => {
  answers = [
    'cut',
    { status: 503, body: { error: { code: 'StoreLocked', message: 'busy' } } },
    { status: 200, body: standing },
  ]
  const records = [{ type: 'llm.denied', step: 's', attempt: 1, turn: 1, rule: 'r', message: 'm' } as const]
  expect(await client.record({ ...proof, records })).toMatchObject({ policy: { revision: 'r' } })
  expect(received).toHaveLength(3)
  expect(new Set(received.map(({ body }) => JSON.stringify(body))).size).toBe(1)
})

test('F05 409 is a stale lease and is not repeated', async () => {
  answers = [{ status: 409, body: { error: { code: 'StaleLease', message: 'fence 3 is stale' } } }]
  await expect(client.record({ ...proof, records: [] })).rejects.toMatchObject({
    code: 'StaleLease',
    retryable: false,
  })
  expect(received).toHaveLength(1)
})

test('a hub that stays away is given up on after a while, by name', async () => {
  answers = []
  await expect(client.finish({ ...proof, records: [] })).rejects.toMatchObject({
    code: 'HubUnavailable',
    retryable: true,
  })
  expect(received.length).toBeGreaterThan(1)
})

test('a heartbeat is one try: its caller decides', async () => {
  answers = [{ status: 503 }]
  await expect(client.heartbeat(proof)).rejects.toMatchObject({ code: 'HubUnavailable' })
  expect(received).toHaveLength(1)
})

test('a rotated token is read anew, and a refused one tried once more', async () => {
  answers = [
    { status: 200, body: standing },
    { status: 401 },
    { status: 200, body: standing },
    { status: 401 },
    { status: 401 },
  ]
  await client.heartbeat(proof)
  await writeFile(join(directory, 'token'), 'second and longer\n')
  await client.heartbeat(proof)
  await expect(client.heartbeat(proof)).rejects.toMatchObject({ code: 'Unauthorized' })
  expect(received.map(({ token }) => token)).toEqual([
    'Bearer first',
    'Bearer second and longer',
    'Bearer second and longer',
    'Bearer second and longer',
    'Bearer second and longer',
  ])
})

test('a missing token file is named', async () => {
  await rm(join(directory, 'token'))
  await expect(client.heartbeat(proof)).rejects.toMatchObject({ code: 'Unauthorized' })
})

test('a content the store does not hold is undefined', async () => {
  answers = [{ status: 404 }]
  expect(await client.content('abc')).toBeUndefined()
  expect(received[0]?.path).toBe('/v1/contents/abc')
})
