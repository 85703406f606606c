import type { ServerResponse } from 'node:http'
import { Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { builtinResources } from '../resources/builtin-resources.ts'
import type { Resource } from '../resources/resource.ts'
import { WatchCursor } from '../resources/watch-cursor.ts'
import { Store } from '../storage/store.ts'
import { eventEncoder } from './event-encoder.ts'
import type { Shape } from './event-encoder.ts'
import { SharedChunks } from './shared-chunks.ts'
import { startWatchResponse } from './watch-response.ts'

const configMaps = builtinResources().find(({ kind }) => kind === 'ConfigMap') as Resource
const HIGH_WATER_MARK = 16 * 1024

/** A connection whose other end reads only when told to. */
function connection(): {
  readonly response: ServerResponse
  readonly text: () => string
  readonly read: () => void
} {
  let text = ''
  let release: (() => void) | undefined
  let reads = false
  const writable = new Writable({
    highWaterMark: HIGH_WATER_MARK,
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString()
      if (reads) done()
      else release = done
    },
  })
  return {
    response: writable as unknown as ServerResponse,
    text: () => text,
    read: () => {
      reads = true
      release?.()
    },
  }
}

const commit = async (store: Store, name: string, size = 1_000): Promise<void> => {
  await store.commit({
    key: { bucket: configMaps.bucket, namespace: 'default', name },
    expected: 0,
    object: { kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { x: 'x'.repeat(size) } },
  })
}

let encoded = 0

function watching(
  store: Store,
  { chunks = new SharedChunks(), shape = 'object' }: { chunks?: SharedChunks; shape?: Shape } = {},
): ReturnType<typeof connection> {
  const connected = connection()
  const { encode, isShared } = eventEncoder({
    shape,
    resource: configMaps,
    include: 'Metadata',
    now: () => 0,
  })
  const { pump } = startWatchResponse({
    response: connected.response,
    cursor: new WatchCursor({
      store,
      view: { resource: configMaps, namespace: undefined, matches: undefined },
      since: store.revision,
      initialEvents: 'none',
    }),
    encoder: {
      encode(event) {
        encoded += 1
        return encode(event)
      },
      isShared,
    },
    shared: chunks.forView({ resource: configMaps, key: shape, revision: () => store.revision }),
  })
  store.follow({ bucket: configMaps.bucket, listener: pump })
  return connected
}

const namesIn = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name)

describe('a watch response', () => {
  test('keeps no more for a client that does not read than one chunk, and goes on when it reads', async () => {
    const store = new Store()
    const slow = watching(store)
    for (let count = 0; count < 2_000; count += 1) await commit(store, `n${count}`)
    expect(slow.response.writableLength).toBeLessThan(HIGH_WATER_MARK + 70_000)
    slow.read()
    await expect.poll(() => namesIn(slow.text())).toHaveLength(2_000)
    expect(namesIn(slow.text())).toEqual(Array.from({ length: 2_000 }, (_, count) => `n${count}`))
  })

  test('is cut off when its client has not read what the history forgets', async () => {
    const store = new Store({ limits: { events: 100, size: 1e9 } })
    const slow = watching(store)
    const quick = watching(store)
    quick.read()
    for (let count = 0; count < 500; count += 1) {
      await commit(store, `n${count}`)
      await nextTurn()
    }
    expect(slow.response.destroyed).toBe(true)
    expect(quick.response.destroyed).toBe(false)
    expect(namesIn(quick.text())).toHaveLength(500)
  })

  test('gives watchers of the same view the same bytes, each exactly once', async () => {
    const store = new Store()
    const chunks = new SharedChunks()
    const early = [watching(store, { chunks }), watching(store, { chunks })]
    for (const { read } of early) read()
    await commit(store, 'a')
    const late = watching(store, { chunks })
    late.read()
    await commit(store, 'b')
    await nextTurn()
    await commit(store, 'c')
    expect(early.map(({ text }) => namesIn(text()))).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ])
    expect(namesIn(late.text())).toEqual(['b', 'c'])
  })

  test.each([
    ['object', 1],
    ['metadata', 1],
    // The first line of each watcher names the columns, so it is its own.
    ['table', 100],
  ] as const)('of 100 watchers of the %s is put into words once an event', async (shape, first) => {
    const store = new Store()
    const chunks = new SharedChunks()
    const watchers = Array.from({ length: 100 }, () => watching(store, { chunks, shape }))
    for (const { read } of watchers) read()
    encoded = 0
    await commit(store, 'a')
    expect(encoded).toBe(first)
    await nextTurn()
    await commit(store, 'b')
    expect(encoded).toBe(first + 1)
    expect(new Set(watchers.map(({ text }) => text())).size).toBe(1)
    expect(watchers[0]?.text().match(/"type":"ADDED"/g)).toHaveLength(2)
  })
})
