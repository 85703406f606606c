// What every inbox must keep: an accepted delivery is durable, is accepted once, and owes its runs until they exist.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { InboxEntry } from './inbox.ts'
import { createManualClock } from './manual-clock.ts'
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
  receivedAt,
  runs: runs.map((name, target) => ({ name, target, manifest: { spec: { input: { alert: 'P1' } } } })),
})

export const inboxContract = ({ open }: StoreFactory): void => {
  describe('inbox', () => {
    let store: Store
    beforeEach(async () => {
      store = await open({ clock: createManualClock() })
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
      const first = { namespace: 'incident-response', event: 'pagerduty', delivery: 'd1' }
      await store.inbox.settle({ ...first, run: 'a-0' })
      expect(await owed()).toEqual(['a-1', 'b-0'])
      await store.inbox.settle({ ...first, run: 'a-1', refused: 'the team does not exist' })
      expect(await owed()).toEqual(['b-0'])
    })

    test('count tells how often the event has fired', async () => {
      const event = { namespace: 'incident-response', event: 'pagerduty' }
      expect(await store.inbox.count(event)).toEqual({ fired: 0 })
      await store.inbox.accept(entryOf({ delivery: 'd1' }))
      await store.inbox.accept(entryOf({ delivery: 'd2', receivedAt: '2026-04-01T02:53:00.000Z' }))
      await store.inbox.accept(entryOf({ delivery: 'd2' }))
      expect(await store.inbox.count(event)).toEqual({ fired: 2, lastFiredAt: '2026-04-01T02:53:00.000Z' })
    })

    test('listeners hear of new deliveries only', async () => {
      let heard = 0
      const stop = store.inbox.subscribe(() => void heard++)
      await store.inbox.accept(entryOf())
      await store.inbox.accept(entryOf())
      expect(heard).toBe(1)
      stop()
      await store.inbox.accept(entryOf({ delivery: 'd2' }))
      expect(heard).toBe(1)
    })
  })
}
