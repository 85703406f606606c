import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../json.ts'
import { HistoryExpired, RevisionMismatch, Store } from './store.ts'
import type { Log, LogEntry, StoreEvent } from './store.ts'

const key = (name: string): { bucket: string; namespace: string; name: string } => ({
  bucket: '/things',
  namespace: 'n',
  name,
})
const object = (value: number): JsonObject => ({ metadata: { name: 'x' }, value })

function recordingLog(
  fail: () => boolean = () => false,
): Log & { readonly batches: (readonly LogEntry[])[] } {
  const batches: (readonly LogEntry[])[] = []
  return {
    batches,
    load: () => ({ revision: 40, entries: [] }),
    append: (entries) => {
      if (fail()) throw new Error('the disk is full')
      batches.push(entries)
    },
    close: () => undefined,
  }
}

describe('a store with a log', () => {
  test('shows a write to nobody before it is durable, and flushes what comes together once', async () => {
    const log = recordingLog()
    const store = new Store({ log })
    const events: StoreEvent[] = []
    store.watch({ bucket: '/things', since: store.revision, listener: (event) => events.push(event) })
    const writes = Promise.all(
      ['a', 'b', 'c'].map((name) => store.commit({ key: key(name), expected: 0, object: object(1) })),
    )
    expect(store.get(key('a'))).toBeUndefined()
    expect(store.latest(key('a'))?.revision).toBe(41)
    expect(events).toEqual([])
    await writes
    expect(log.batches.map((batch) => batch.length)).toEqual([3])
    expect(events.map(({ type, revision }) => `${type} ${revision}`)).toEqual([
      'ADDED 41',
      'ADDED 42',
      'ADDED 43',
    ])
  })

  test('lets only one of two writers with the same expectation win', async () => {
    const store = new Store({ log: recordingLog() })
    const first = store.commit({ key: key('a'), expected: 0, object: object(1) })
    await expect(store.commit({ key: key('a'), expected: 0, object: object(2) })).rejects.toBeInstanceOf(
      RevisionMismatch,
    )
    await first
  })

  test('forgets a write the disk refused, and never reuses its revision', async () => {
    let full = true
    const store = new Store({ log: recordingLog(() => full) })
    await expect(store.commit({ key: key('a'), expected: 0, object: object(1) })).rejects.toThrow(
      'the disk is full',
    )
    expect(store.latest(key('a'))).toBeUndefined()
    full = false
    expect((await store.commit({ key: key('a'), expected: 0, object: object(1) })).revision).toBe(42)
  })
})

test('a watch from a forgotten revision is refused', async () => {
  const store = new Store()
  await store.commit({ key: key('a'), expected: 0, object: object(1) })
  const since = store.revision - 1
  expect(() => store.watch({ bucket: '/things', since, listener: () => undefined })()).not.toThrow()
  store.compact()
  expect(() => store.watch({ bucket: '/things', since, listener: () => undefined })).toThrow(HistoryExpired)
})
