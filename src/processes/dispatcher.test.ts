// The dispatcher on a real store, a clock that is moved by hand, and channels that do as they are told.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openSqliteStore } from '../adapters/sql/sqlite.ts'
import type { NotifyChannelSpec, SwarmNotify } from '../api/v1alpha1/index.ts'
import type { NotifyFact } from '../domain/notify/notify-fact.ts'
import { createDispatcher, type Dispatcher } from '../operator/notify/dispatcher.ts'
import { createManualClock, type ManualClock } from '../ports/manual-clock.ts'
import type { ChannelDelivery, ChannelOutcome } from '../ports/notify-channels.ts'
import type { Store } from '../ports/store.ts'
import { silentLogger } from '../ports/silent-logger.ts'

const namespace = 'incident-response'
const place = { namespace, notify: 'on-call' }
const webhook = (host: string): NotifyChannelSpec => ({
  type: 'webhook',
  webhook: { url: `https://${host}/` },
})

let clock: ManualClock
let store: Store
let spec: SwarmNotify['spec']
const dispatchers: Dispatcher[] = []
beforeEach(() => {
  clock = createManualClock()
  store = openSqliteStore({ path: ':memory:', clock })
  spec = { channels: [webhook('a')], rateLimitSeconds: 0 }
})
afterEach(async () => {
  for (const dispatcher of dispatchers.splice(0)) await dispatcher.close()
  await store.close()
})

const hostOf = (delivery: ChannelDelivery): string =>
  delivery.type === 'webhook' ? new URL(delivery.url).host : ''
const failed = (error: string, more: object = {}): ChannelOutcome => ({
  type: 'failed',
  error,
  permanent: false,
  unreachable: true,
  ...more,
})

/** Deliveries in order, as `host id`; `answer` says what comes of each. */
const startWith = (answer: (delivery: ChannelDelivery) => ChannelOutcome | Promise<ChannelOutcome>) => {
  const seen: string[] = []
  const dispatcher = createDispatcher({
    store,
    caches: {
      notifies: {
        get: () => ({
          apiVersion: 'kubeswarm.io/v1alpha1',
          kind: 'SwarmNotify',
          metadata: { name: 'on-call', namespace },
          spec,
        }),
      },
    } as never,
    resources: {} as never,
    clock,
    random: () => 0,
    logger: silentLogger,
    channels: {
      async deliver(delivery) {
        seen.push(`${hostOf(delivery)} ${delivery.id.split('/')[0]}`)
        return answer(delivery)
      },
    },
  })
  dispatchers.push(dispatcher)
  dispatcher.start()
  return seen
}

const factOf = (id: string): NotifyFact => ({
  id,
  event: 'TeamFailed',
  namespace,
  at: '2026-04-01T02:52:00.000Z',
  subject: { kind: 'team', name: 'incident-responder' },
  thread: id,
  message: `run ${id} failed`,
})
const add = (ids: readonly string[], channels: readonly number[] = [0]) =>
  store.outbox.add(
    ids.flatMap((id) =>
      channels.map((channel) => ({
        ...place,
        channel,
        group: 'TeamFailed/team/incident-responder',
        fact: factOf(id),
      })),
    ),
  )
const settles = (expected: object) =>
  vi.waitFor(async () => expect(await store.outbox.summary(place)).toMatchObject(expected))

test('what is in the outbox is sent, once, also by two dispatchers', async () => {
  const [one, two] = [startWith(() => ({ type: 'taken' })), startWith(() => ({ type: 'taken' }))]
  await add(['r1', 'r2', 'r3'])
  await settles({ sent: 3, waiting: 0 })
  expect([...one, ...two].toSorted()).toEqual(['a r1', 'a r2', 'a r3'])
})

test('a message that is not taken is tried again, later each time, and given up after ten tries', async () => {
  const seen = startWith(() => failed('HTTP 503'))
  await add(['r1'])
  await settles({ waiting: 1, last: [{ error: 'HTTP 503' }] })
  for (let tries = 1; tries < 10; tries += 1) {
    await vi.waitFor(() => expect(seen).toHaveLength(tries))
    await settles({ last: [{ error: 'HTTP 503' }] })
    const due = (await store.outbox.nextDueAt()) ?? 0
    // The timer for it is set only after the message was put back.
    await vi.waitFor(() => {
      clock.advance(Math.max(0, due - clock.now()))
      expect(seen).toHaveLength(tries + 1)
    })
  }
  await settles({ sent: 0, waiting: 0, dead: 1, last: [{ error: 'HTTP 503' }] })
  expect(await store.outbox.nextDueAt()).toBeUndefined()
})

test('the other side’s Retry-After is heeded', async () => {
  startWith(() => failed('HTTP 429', { retryAfterMs: 90_000 }))
  await add(['r1'])
  await settles({ last: [{ error: 'HTTP 429' }] })
  expect(await store.outbox.nextDueAt()).toBe(clock.now() + 90_000)
})

test('what will never be taken is given up at once, and comes again when a person asks', async () => {
  let answer: ChannelOutcome = failed('Slack said channel_not_found', { permanent: true })
  startWith(() => answer)
  await add(['r1'])
  await settles({ dead: 1, waiting: 0 })
  answer = { type: 'taken' }
  expect(await store.outbox.revive(place)).toBe(1)
  await settles({ dead: 0, sent: 1 })
})

test('a channel that does not answer holds up no other, and is not asked once for each message', async () => {
  spec = { channels: [webhook('deaf'), webhook('open')], rateLimitSeconds: 0 }
  const stuck = Promise.withResolvers<ChannelOutcome>()
  const seen = startWith((delivery) => (hostOf(delivery) === 'deaf' ? stuck.promise : { type: 'taken' }))
  await add(['r1', 'r2', 'r3'], [0, 1])
  await vi.waitFor(() => expect(seen.filter((line) => line.startsWith('open'))).toHaveLength(3))
  expect(seen.filter((line) => line.startsWith('deaf'))).toHaveLength(1)
  stuck.resolve(failed('no answer'))
  await settles({ sent: 3, waiting: 3 })
  expect(seen.filter((line) => line.startsWith('deaf'))).toHaveLength(1)
})

test('what comes within the rate limit is told together when it is over', async () => {
  spec = { channels: [webhook('a')], rateLimitSeconds: 300 }
  const bodies: string[] = []
  startWith((delivery) => {
    if (delivery.type === 'webhook') bodies.push(delivery.body)
    return { type: 'taken' }
  })
  await add(['r1'])
  await settles({ sent: 1 })
  await add(['r2', 'r3'])
  await settles({ sent: 1, waiting: 2 })
  await vi.waitFor(async () => expect(await store.outbox.nextDueAt()).toBe(clock.now() + 300_000))
  await vi.waitFor(() => {
    clock.advance(300_000)
    expect(bodies).toHaveLength(2)
  })
  await settles({ sent: 3, waiting: 0 })
  expect(JSON.parse(bodies[1] ?? '')).toMatchObject({ id: 'r3', data: { more: [{ id: 'r2' }] } })
})

test('F88 what somebody took and died with is sent by the next one', async () => {
  await add(['r1'])
  // Taken, and never settled: the process is gone.
  expect(await store.outbox.claim({ limit: 1, leaseMs: 60_000 })).toHaveLength(1)
  const seen = startWith(() => ({ type: 'taken' }))
  await vi.waitFor(() => {
    clock.advance(60_000)
    expect(seen).toEqual(['a r1'])
  })
  await settles({ sent: 1 })
})
