// What every outbox must keep: a fact goes to a channel once, waits for its turn, and is not lost by who took it.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NotifyFact } from '../domain/notify/notify-fact.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import type { ClaimedMessage, OutboxMessage } from './outbox.ts'
import type { Store } from './store.ts'
import type { StoreFactory } from './store.fixtures.ts'

const factOf = (id: string): NotifyFact => ({
  id,
  event: 'TeamFailed',
  namespace: 'incident-response',
  at: '2026-04-01T02:52:00.000Z',
  subject: { kind: 'team', name: 'incident-responder' },
  thread: `run/${id}`,
  message: 'a NUL \0 and an é',
})
const messageOf = (id: string, { channel = 0, notify = 'on-call' } = {}): OutboxMessage => ({
  namespace: 'incident-response',
  notify,
  channel,
  group: 'TeamFailed/team/incident-responder',
  fact: factOf(id),
})
const place = { namespace: 'incident-response', notify: 'on-call' }

export const outboxContract = ({ open }: StoreFactory): void => {
  describe('outbox', () => {
    let clock: ManualClock
    let store: Store
    beforeEach(async () => {
      clock = createManualClock()
      store = await open({ clock })
    })
    afterEach(() => store.close())
    const claim = (limit = 10) => store.outbox.claim({ limit, leaseMs: 60_000 })
    const only = async (): Promise<ClaimedMessage> => {
      const [message, ...others] = await claim()
      if (message === undefined || others.length > 0) throw new Error('not one message')
      return message
    }

    test('a fact is added once a channel, however often and by how many', async () => {
      let heard = 0
      store.outbox.subscribe(() => void heard++)
      const added = await Promise.all(
        Array.from({ length: 10 }, () => store.outbox.add([messageOf('a'), messageOf('a', { channel: 1 })])),
      )
      expect(added.reduce((sum, count) => sum + count, 0)).toBe(2)
      expect(heard).toBeGreaterThan(0)
      expect(await claim()).toMatchObject([
        { channel: 0, fact: factOf('a') },
        { channel: 1, fact: factOf('a') },
      ])
    })

    test('what was taken is nobody else’s until the lease is over, and then it is', async () => {
      await store.outbox.add([messageOf('a')])
      const first = await only()
      expect(await claim()).toEqual([])
      expect(await store.outbox.nextDueAt()).toBe(clock.now() + 60_000)
      clock.advance(60_000)
      const second = await only()
      expect([first.attempt, second.attempt]).toEqual([1, 2])
      // The first one comes back late: its word no longer counts.
      await store.outbox.settle(first, { type: 'dead', error: 'late' })
      expect(await store.outbox.summary(place)).toMatchObject({ dead: 0, waiting: 1 })
      await store.outbox.settle(second, { type: 'sent' })
      expect(await store.outbox.summary(place)).toEqual({
        sent: 1,
        waiting: 0,
        dead: 0,
        last: [{ channel: 0, event: 'TeamFailed', at: clock.now() }],
      })
      expect(await store.outbox.add([messageOf('a')])).toBe(0)
      expect(await store.outbox.nextDueAt()).toBeUndefined()
    })

    test('a message comes again when its next try is due', async () => {
      await store.outbox.add([messageOf('a')])
      await store.outbox.settle(await only(), { type: 'retry', at: clock.now() + 5_000, error: 'HTTP 503' })
      expect(await store.outbox.summary(place)).toMatchObject({
        waiting: 1,
        last: [{ channel: 0, error: 'HTTP 503' }],
      })
      clock.advance(4_999)
      expect(await claim()).toEqual([])
      clock.advance(1)
      expect(await only()).toMatchObject({ attempt: 2 })
    })

    test('waiting for its turn is no try', async () => {
      await store.outbox.add([messageOf('a')])
      await store.outbox.settle(await only(), { type: 'wait', until: clock.now() + 5_000 })
      expect((await store.outbox.summary(place)).last).toEqual([])
      clock.advance(5_000)
      expect(await only()).toMatchObject({ attempt: 1 })
    })

    test('when the group was last told', async () => {
      const group = { ...place, channel: 0, group: 'TeamFailed/team/incident-responder' }
      await store.outbox.add([messageOf('a')])
      expect(await store.outbox.lastSentAt(group)).toBeUndefined()
      await store.outbox.settle(await only(), { type: 'sent' })
      expect(await store.outbox.lastSentAt(group)).toBe(clock.now())
      expect(await store.outbox.lastSentAt({ ...group, channel: 1 })).toBeUndefined()
    })

    test('what was given up is kept, counted, and can be given another life', async () => {
      await store.outbox.add([messageOf('a'), messageOf('b', { notify: 'other' })])
      for (const message of await claim())
        await store.outbox.settle(message, { type: 'dead', error: 'HTTP 410' })
      clock.advance(86_400_000)
      expect(await claim()).toEqual([])
      expect(await store.outbox.summary(place)).toMatchObject({ dead: 1, last: [{ error: 'HTTP 410' }] })
      expect(await store.outbox.revive(place)).toBe(1)
      expect(await only()).toMatchObject({ attempt: 1, notify: 'on-call' })
    })

    test('threads are kept, the newest place of each', async () => {
      const key = { ...place, place: '#incidents', thread: 'incident/P1' }
      expect(await store.outbox.thread(key)).toBeUndefined()
      await store.outbox.putThread(key, { channelId: 'C1', ts: '1.1', at: 1 })
      await store.outbox.putThread(key, { channelId: 'C1', ts: '2.2', at: 2 })
      expect(await store.outbox.thread(key)).toEqual({ channelId: 'C1', ts: '2.2', at: 2 })
    })

    test('what was sent long ago is forgotten, what was not is not', async () => {
      await store.outbox.add([messageOf('a')])
      await store.outbox.settle(await only(), { type: 'sent' })
      await store.outbox.add([messageOf('b')])
      clock.advance(1)
      await store.outbox.prune({ before: clock.now() })
      expect(await store.outbox.summary(place)).toMatchObject({ sent: 0, waiting: 1 })
    })
  })
}
