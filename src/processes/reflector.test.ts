// The reflector over the real HTTP client, against a server that misbehaves.

import { afterEach, expect, test, vi } from 'vitest'
import { connectKubernetes } from '../adapters/kubernetes/connect-kubernetes.ts'
import { startFakeApiServer } from '../adapters/kubernetes/testing/fake-api-server.ts'
import type { KubernetesObject } from '../api/resource.ts'
import { createIndexedCache } from '../operator/reconcile/indexed-cache.ts'
import { startReflector } from '../operator/reconcile/reflector.ts'
import { systemClock } from './system-clock.ts'
import { silentLogger } from '../ports/silent-logger.ts'

const things = { group: 'test.dev', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true }
const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

const setUp = async (before: readonly string[] = []) => {
  const server = await startFakeApiServer()
  for (const name of before) server.put(name)
  const resources = await connectKubernetes({ kubeconfig: server.kubeconfig })
  const cache = createIndexedCache<KubernetesObject>()
  const told: string[] = []
  cache.subscribe((change) => {
    const name = (change.after ?? change.before)?.metadata.name
    told.push(
      `${change.before === undefined ? 'new' : change.after === undefined ? 'gone' : 'changed'} ${name}`,
    )
  })
  const reflector = startReflector({
    resources,
    type: things,
    cache,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  })
  open.push(
    () => server.close(),
    () => resources.close(),
    () => reflector.close(),
  )
  await reflector.synced
  await vi.waitFor(() => expect(server.watches).toBe(1))
  const names = () =>
    cache
      .list()
      .map(({ metadata }) => metadata.name)
      .toSorted()
  const settle = (expected: readonly string[]) =>
    vi.waitFor(() => expect(names()).toEqual(expected), { timeout: 10_000 })
  const rewatched = (count: number) =>
    vi.waitFor(
      () => expect(server.requests.filter((line) => line.endsWith('watch')).length).toBeGreaterThan(count),
      {
        timeout: 10_000,
      },
    )
  return { server, cache, told, names, settle, rewatched }
}
const lists = (requests: readonly string[]): number =>
  requests.filter((line) => !line.endsWith('watch')).length

test('the cache follows additions, changes and deletions', async () => {
  const { server, told, settle } = await setUp(['a'])
  server.put('b')
  server.put('a', { changed: true })
  server.remove('b')
  await settle(['a'])
  await vi.waitFor(() => expect(told).toEqual(['new a', 'new b', 'changed a', 'gone b']))
})

test('watches that the server ends again and again lose nothing and cost no list (F60)', async () => {
  const { server, settle, rewatched } = await setUp(['a'])
  const before = lists(server.requests)
  for (let round = 1; round <= 4; round += 1) {
    server.endWatches()
    server.put(`during-${round}`)
    await rewatched(round)
  }
  server.remove('a')
  await settle(['during-1', 'during-2', 'during-3', 'during-4'])
  expect(lists(server.requests)).toBe(before)
})

test('a connection that is cut is taken up where it was (F60)', async () => {
  const { server, settle, rewatched } = await setUp(['a'])
  const before = lists(server.requests)
  server.cutWatches()
  server.put('b')
  server.remove('a')
  await rewatched(1)
  await settle(['b'])
  expect(lists(server.requests)).toBe(before)
})

test.each([
  { inStream: true, reason: 'the server says so inside the stream' },
  { inStream: false, reason: 'the server says so when the watch starts' },
])('after 410 a list finds what was deleted meanwhile: $reason (F60)', async ({ inStream }) => {
  const { server, told, settle } = await setUp(['a', 'b'])
  server.endWatches()
  server.remove('a')
  server.put('c')
  server.compact({ inStream })
  await settle(['b', 'c'])
  expect(told.filter((line) => line === 'gone a')).toEqual(['gone a'])
})

test('an object that was deleted and made anew under the same name is told as a change', async () => {
  const { server, cache, settle } = await setUp(['a'])
  const uid = cache.list()[0]?.metadata.uid
  server.endWatches()
  server.remove('a')
  server.put('a')
  server.compact({ inStream: false })
  await vi.waitFor(() => expect(cache.list()[0]?.metadata.uid).not.toBe(uid), { timeout: 10_000 })
  await settle(['a'])
})

test('a bookmark spares the events before it (F60)', async () => {
  const { server, settle, told } = await setUp(['a'])
  server.put('b')
  await settle(['a', 'b'])
  server.bookmark()
  server.endWatches()
  server.put('c')
  await settle(['a', 'b', 'c'])
  expect(told).toEqual(['new a', 'new b', 'new c'])
})

test('a server that refuses for a while is asked again until it answers (F62)', async () => {
  const { server, settle } = await setUp(['a'])
  server.refuse(500, { times: 3 })
  server.cutWatches()
  server.put('b')
  await settle(['a', 'b'])
  // The cache is told of the list before the watch is asked for.
  await vi.waitFor(() => expect(server.watches).toBe(1), { timeout: 10_000 })
})
