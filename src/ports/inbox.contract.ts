// What every inbox must keep: an accepted delivery is durable, is accepted once, and owes its runs until they exist.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { InboxEntry } from './inbox.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import type { Store } from './store.ts'
import type { StoreFactory } from './store.fixtures.ts'

interface EntryOptions {
  readonly delivery?: string
  readonly event?: string
  readonly receivedAt?: string
  readonly runs?: readonly string[]
}

const entryOf = ({
  delivery = 'd1',
  event = 'pagerduty',
  receivedAt = '2026-04-01T02:52:00.000Z',
  runs = [`${event}-${delivery}`],
}: EntryOptions = {}): InboxEntry => ({
  delivery,
  namespace: 'incident-response',
  event,
  uid: `uid-${event}`,
  receivedAt,
  runs: runs.map((name, target) => ({ name, target, manifest: { spec: { input: { alert: 'P1' } } } })),
})

export const inboxContract = ({ open }: StoreFactory): void => {
  describe('inbox', () => {
    let store: Store
    let clock: ManualClock
    beforeEach(async () => {
      clock = createManualClock()
      store = await open({ clock })
    })
    afterEach(() => store.close())

    test('F81 D1 the same delivery 50 times at once is accepted once', async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => store.inbox.accept(entryOf())))
      expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
      expect(await store.inbox.pending()).toHaveLength(1)
    })

    test('F81 a duplicate gets the names of the first, also when it would have got others', async () => {
      await store.inbox.accept(entryOf())
      const { entry, duplicate } = await store.inbox.accept(entryOf({ runs: ['another'] }))
      expect(duplicate).toBe(true)
      expect(entry).toEqual(entryOf())
    })

    test('the same delivery id of two events is two deliveries', async () => {
      await store.inbox.accept(entryOf())
      expect(await store.inbox.accept(entryOf({ event: 'grafana' }))).toMatchObject({ duplicate: false })
    })

    test('F88 F89 each run is owed until it is settled, alone', async () => {
      await store.inbox.accept(entryOf({ delivery: 'd1', runs: ['a-0', 'a-1'] }))
      await store.inbox.accept(
        entryOf({ delivery: 'd2', receivedAt: '2026-04-01T02:53:00.000Z', runs: ['b-0'] }),
      )
      const owed = async () => (await store.inbox.pending()).map(({ run }) => run)
      expect(await owed()).toEqual(['a-0', 'a-1', 'b-0'])
      const first = {
        namespace: 'incident-response',
        event: 'pagerduty',
        uid: 'uid-pagerduty',
        delivery: 'd1',
      }
      await store.inbox.settle({ ...first, run: 'a-0' })
      expect(await owed()).toEqual(['a-1', 'b-0'])
      await store.inbox.settle({
        ...first,
        run: 'a-1',
        refused: { reason: 'Refused', message: 'the team does not exist' },
      })
      expect(await owed()).toEqual(['b-0'])
    })

    test('of one event, runs are handed out page by page', async () => {
      for (const delivery of ['d1', 'd2', 'd3']) await store.inbox.accept(entryOf({ delivery }))
      await store.inbox.accept(entryOf({ event: 'grafana', runs: ['g-0', 'g-1'] }))
      expect(await store.inbox.owing()).toHaveLength(2)
      const event = { namespace: 'incident-response', event: 'pagerduty', uid: 'uid-pagerduty' }
      const first = await store.inbox.pending({ event, limit: 2 })
      expect(first.map(({ run }) => run)).toEqual(['pagerduty-d1', 'pagerduty-d2'])
      const [, last] = first
      if (last === undefined) throw new Error('there is no second run')
      expect((await store.inbox.pending({ event, after: last, limit: 2 })).map(({ run }) => run)).toEqual([
        'pagerduty-d3',
      ])
      const grafana = { ...event, event: 'grafana' }
      const [one] = await store.inbox.pending({ event: grafana, limit: 1 })
      expect(one?.run).toBe('g-0')
      expect((await store.inbox.pending({ event: grafana, ...(one && { after: one }) }))[0]?.run).toBe('g-1')
    })

    test('count tells what started something, once per delivery, and what came to nothing and why', async () => {
      const event = { namespace: 'incident-response', event: 'pagerduty', uid: 'uid-pagerduty' }
      expect(await store.inbox.count(event)).toEqual({ fired: 0, dropped: [], waiting: 0 })
      await store.inbox.accept(entryOf({ delivery: 'd1', runs: ['a-0', 'a-1'] }))
      await store.inbox.accept(entryOf({ delivery: 'd2', receivedAt: '2026-04-01T02:53:00.000Z' }))
      await store.inbox.accept(entryOf({ delivery: 'd2', receivedAt: '2026-04-01T02:54:00.000Z' }))
      await store.inbox.accept({
        ...entryOf({ delivery: 'd3', receivedAt: '2026-04-01T02:55:00.000Z', runs: [] }),
        dropped: { reason: 'Filtered', message: 'incident.acknowledged' },
      })
      expect(await store.inbox.count(event)).toMatchObject({
        fired: 0,
        waiting: 3,
        waitingSince: '2026-04-01T02:52:00.000Z',
        lastReceivedAt: '2026-04-01T02:55:00.000Z',
      })
      for (const run of ['a-0', 'a-1', 'a-1']) await store.inbox.settle({ ...event, delivery: 'd1', run })
      await store.inbox.settle({
        ...event,
        delivery: 'd2',
        run: 'pagerduty-d2',
        refused: { reason: 'Forbidden', message: 'run a-0 has not ended' },
      })
      expect(await store.inbox.count(event)).toEqual({
        fired: 1,
        lastFiredAt: '2026-04-01T02:52:00.000Z',
        lastRun: 'a-0',
        dropped: [
          {
            reason: 'Duplicate',
            count: 1,
            lastAt: '2026-04-01T02:54:00.000Z',
            lastMessage: 'delivery d2 of 2026-04-01T02:53:00.000Z',
          },
          {
            reason: 'Filtered',
            count: 1,
            lastAt: '2026-04-01T02:55:00.000Z',
            lastMessage: 'incident.acknowledged',
          },
          {
            reason: 'Forbidden',
            count: 1,
            lastAt: '2026-04-01T02:53:00.000Z',
            lastMessage: 'pagerduty-d2: run a-0 has not ended',
          },
        ],
        waiting: 0,
        lastReceivedAt: '2026-04-01T02:55:00.000Z',
      })
      expect((await store.inbox.recent({ ...event, limit: 2 })).map(({ delivery }) => delivery)).toEqual([
        'd3',
        'd2',
      ])
    })

    test('an event that was deleted and made anew has its deliveries and counts anew', async () => {
      await store.inbox.accept({ ...entryOf(), uid: 'first' })
      const { duplicate } = await store.inbox.accept({ ...entryOf({ runs: ['new'] }), uid: 'second' })
      expect(duplicate).toBe(false)
      const event = { namespace: 'incident-response', event: 'pagerduty', uid: 'uid-pagerduty' }
      await store.inbox.settle({ ...event, uid: 'second', delivery: 'd1', run: 'new' })
      expect(await store.inbox.count({ ...event, uid: 'first' })).toMatchObject({ fired: 0 })
      expect(await store.inbox.count({ ...event, uid: 'second' })).toMatchObject({ fired: 1, lastRun: 'new' })
    })

    test('F83 what was not understood is accepted when it comes again and is understood', async () => {
      const bad = {
        ...entryOf({ runs: [] }),
        dropped: { reason: 'Quarantined' as const, message: 'no title', body: '{}' },
      }
      expect(await store.inbox.accept(bad)).toMatchObject({ duplicate: false })
      expect(await store.inbox.accept(bad)).toMatchObject({ duplicate: true })
      const answers = await Promise.all([store.inbox.accept(entryOf()), store.inbox.accept(entryOf())])
      expect(answers.map(({ duplicate }) => duplicate).toSorted()).toEqual([false, true])
      expect(await store.inbox.pending()).toHaveLength(1)
      expect(await store.inbox.accept(bad)).toMatchObject({ duplicate: true, entry: { runs: [{}] } })
    })

    test('F88 the fate of a promised run is known', async () => {
      const run = { namespace: 'incident-response', event: 'pagerduty', uid: 'uid-pagerduty', delivery: 'd1' }
      expect(await store.inbox.fate({ ...run, run: 'a-0' })).toBeUndefined()
      await store.inbox.accept(entryOf({ runs: ['a-0', 'a-1'] }))
      expect(await store.inbox.fate({ ...run, run: 'a-0' })).toEqual({ type: 'owed' })
      await store.inbox.settle({ ...run, run: 'a-0' })
      await store.inbox.settle({
        ...run,
        run: 'a-1',
        refused: { reason: 'Refused', message: 'no such team' },
      })
      expect(await store.inbox.fate({ ...run, run: 'a-0' })).toEqual({ type: 'created' })
      expect(await store.inbox.fate({ ...run, run: 'a-1' })).toEqual({
        type: 'refused',
        message: 'no such team',
      })
    })

    test('F87 of 20 deliveries about one subject at once, one starts runs and the others join it', async () => {
      const about = (delivery: string) => ({
        ...entryOf({ delivery }),
        subject: { key: 'Q1' },
        storm: { groupSeconds: 60 },
      })
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.inbox.accept(about(`d${index}`))),
      )
      const started = answers.filter(({ entry }) => entry.runs.length > 0)
      expect(started).toHaveLength(1)
      const joined = answers.filter(({ entry }) => entry.dropped?.reason === 'Grouped')
      expect(joined).toHaveLength(19)
      expect(joined[0]?.entry.dropped?.joins).toEqual([started[0]?.entry.runs[0]?.name])
      clock.advance(61_000)
      expect((await store.inbox.accept(about('later'))).entry.runs).toHaveLength(1)
      // What was joined stays joined for a redelivery.
      const again = joined[0]?.entry
      if (again === undefined) throw new Error('nothing was joined')
      expect(await store.inbox.accept(about(again.delivery))).toEqual({ entry: again, duplicate: true })
    })

    test('F86 a subject that keeps starting runs is stopped, and may again after an hour', async () => {
      const fire = async (delivery: string) =>
        (
          await store.inbox.accept({
            ...entryOf({ delivery }),
            subject: { key: 'Q1' },
            storm: { runsPerHour: 3 },
          })
        ).entry.dropped?.reason
      expect([await fire('a'), await fire('b'), await fire('c'), await fire('d')]).toEqual([
        undefined,
        undefined,
        undefined,
        'LoopBroken',
      ])
      clock.advance(3_600_001)
      expect(await fire('e')).toBeUndefined()
    })

    test('F86 what was told to be over before it was told to have begun starts nothing', async () => {
      const at = Date.UTC(2026, 3, 1, 2, 50)
      await store.inbox.accept({
        ...entryOf({ delivery: 'resolved', runs: [] }),
        subject: { key: 'Q1', occurredAt: at + 1000, resolves: true },
        dropped: { reason: 'Filtered', message: 'incident.resolved' },
      })
      const late = { ...entryOf({ delivery: 'triggered' }), subject: { key: 'Q1', occurredAt: at } }
      expect((await store.inbox.accept(late)).entry).toMatchObject({
        runs: [],
        dropped: { reason: 'Resolved' },
      })
      const anew = {
        ...entryOf({ delivery: 'reopened' }),
        subject: { key: 'Q1', occurredAt: at + 2000 },
      }
      expect((await store.inbox.accept(anew)).entry.runs).toHaveLength(1)
    })

    test('F81 settled deliveries are forgotten when they are old; owed ones and counts stay', async () => {
      const event = { namespace: 'incident-response', event: 'pagerduty', uid: 'uid-pagerduty' }
      await store.inbox.accept(entryOf({ delivery: 'settled' }))
      await store.inbox.settle({ ...event, delivery: 'settled', run: 'pagerduty-settled' })
      await store.inbox.accept(entryOf({ delivery: 'owed' }))
      await store.inbox.accept(entryOf({ delivery: 'young', receivedAt: '2026-04-02T02:52:00.000Z' }))
      await store.inbox.settle({ ...event, delivery: 'young', run: 'pagerduty-young' })
      expect(await store.inbox.prune({ before: '2026-04-01T12:00:00.000Z', limit: 100 })).toBe(1)
      expect(await store.inbox.prune({ before: '2026-04-01T12:00:00.000Z', limit: 100 })).toBe(0)
      expect((await store.inbox.recent({ ...event, limit: 9 })).map(({ delivery }) => delivery)).toEqual([
        'young',
        'owed',
      ])
      expect(await store.inbox.pending()).toHaveLength(1)
      expect((await store.inbox.count(event)).fired).toBe(2)
    })

    test('listeners hear of which event there is news', async () => {
      const heard: unknown[] = []
      const stop = store.inbox.subscribe((event) => void heard.push(event?.event))
      await store.inbox.accept(entryOf())
      await store.inbox.settle({
        namespace: 'incident-response',
        event: 'pagerduty',
        uid: 'uid-pagerduty',
        delivery: 'd1',
        run: 'pagerduty-d1',
      })
      expect(heard).toEqual(['pagerduty', 'pagerduty'])
      stop()
      await store.inbox.accept(entryOf({ delivery: 'd2' }))
      expect(heard).toHaveLength(2)
    })
  })
}
