import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../json.ts'
import { HistoryExpired } from './history.ts'
import type { StoreEvent } from './history.ts'
import { RevisionMismatch, Store } from './store.ts'
import type { Log, LogEntry } from './store.ts'

const key = (name: string): { bucket: string; namespace: string; name: string } => ({
  bucket: '/things',
  namespace: 'n',
  name,
})
const object = (value: number): JsonObject => ({ metadata: { name: 'x' }, value })

function eventsAfter(store: Store, since: number, bucket = '/things'): readonly StoreEvent[] {
  const event = store.next({ bucket, since })
  return event === undefined ? [] : [event, ...eventsAfter(store, event.revision, bucket)]
}

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
    const since = store.revision
    const events = (): readonly string[] =>
      eventsAfter(store, since).map(({ type, revision }) => `${type} ${revision}`)
    let news = 0
    store.follow({ bucket: '/things', listener: () => (news += 1) })
    const writes = Promise.all(
      ['a', 'b', 'c'].map((name) => store.commit({ key: key(name), expected: 0, object: object(1) })),
    )
    expect(store.get(key('a'))).toBeUndefined()
    expect(store.latest(key('a'))?.revision).toBe(41)
    expect(events()).toEqual([])
    await writes
    expect(log.batches.map((batch) => batch.length)).toEqual([3])
    expect(events()).toEqual(['ADDED 41', 'ADDED 42', 'ADDED 43'])
    expect(news).toBe(1)
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

describe('what the log gives back', () => {
  const loaded = (text: string): Store =>
    new Store({
      log: { ...recordingLog(), load: () => ({ revision: 40, entries: [{ key: key('a'), text }] }) },
    })

  test('is not read at the start, nor to be listed as JSON', () => {
    const [stored] = loaded('no JSON').list({ bucket: '/things', namespace: 'n' })
    expect(stored?.text).toBe('no JSON')
    expect(() => stored?.object).toThrow('JSON')
  })

  test('is the object at its revision, which the next write must name', async () => {
    const store = loaded('{"metadata":{"name":"a","resourceVersion":"17"},"value":1}')
    expect(store.get(key('a'))).toMatchObject({ revision: 17, object: { value: 1 } })
    await expect(store.commit({ key: key('a'), expected: 40, object: object(2) })).rejects.toBeInstanceOf(
      RevisionMismatch,
    )
    expect((await store.commit({ key: key('a'), expected: 17, object: object(2) })).revision).toBe(41)
    expect(eventsAfter(store, 40)).toMatchObject([{ type: 'MODIFIED', previous: { value: 1 } }])
  })
})

describe('the history of a store', () => {
  const after = (store: Store, since: number, bucket = '/things'): readonly string[] =>
    eventsAfter(store, since, bucket).map(({ key: { name }, type }) => `${type} ${name}`)

  test('is what happened after a revision, until it is forgotten', async () => {
    const store = new Store()
    const since = store.revision
    await store.commit({ key: key('a'), expected: 0, object: object(1) })
    const { revision } = await store.commit({ key: key('b'), expected: 0, object: object(1) })
    await store.commit({ key: key('b'), expected: revision, object: undefined })
    expect(after(store, since)).toEqual(['ADDED a', 'ADDED b', 'DELETED b'])
    expect(after(store, revision)).toEqual(['DELETED b'])
    store.compact()
    expect(() => after(store, since)).toThrow(HistoryExpired)
    expect(after(store, store.revision)).toEqual([])
  })

  test('forgets the oldest when there are too many, and of a quiet bucket nothing before its turn', async () => {
    const store = new Store({ limits: { events: 100, size: 1e9 } })
    const since = store.revision
    await store.commit({
      key: { ...key('q'), bucket: '/quiet' },
      expected: 0,
      object: object(1),
    })
    for (let count = 0; count < 120; count += 1)
      await store.commit({ key: key(`n${count}`), expected: 0, object: object(1) })
    expect(after(store, since)).toHaveLength(120)
    for (let count = 0; count < 20; count += 1)
      await store.commit({ key: key(`m${count}`), expected: 0, object: object(1) })
    expect(() => after(store, since)).toThrow(HistoryExpired)
    expect(() => after(store, since, '/quiet')).toThrow(HistoryExpired)
    expect(after(store, since + 1, '/quiet')).toEqual([])
  })

  test('forgets the oldest when they weigh too much', async () => {
    const store = new Store({ limits: { events: 1e9, size: 100_000 } })
    const since = store.revision
    const heavy = { metadata: { name: 'x' }, value: 'x'.repeat(20_000) }
    for (let count = 0; count < 5; count += 1)
      await store.commit({ key: key(`n${count}`), expected: 0, object: heavy })
    expect(after(store, since)).toHaveLength(5)
    for (let count = 0; count < 50; count += 1)
      await store.commit({ key: key(`m${count}`), expected: 0, object: heavy })
    expect(() => after(store, since)).toThrow(HistoryExpired)
    expect(after(store, store.revision - 4)).toHaveLength(4)
    expect(() => after(store, store.revision - 7)).toThrow(HistoryExpired)
  })
})
