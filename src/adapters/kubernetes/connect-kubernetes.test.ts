import { afterEach, expect, test } from 'vitest'
import type { KubernetesObject } from '../../api/resource.ts'
import { KubernetesApiError, type WatchEvent } from '../../ports/resources.ts'
import { connectKubernetes, type KubernetesConnection } from './connect-kubernetes.ts'
import { startFakeApiServer, type FakeApiServer } from './testing/fake-api-server.ts'

const things = { group: 'test.dev', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true }
const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

const setUp = async (): Promise<{
  readonly server: FakeApiServer
  readonly connection: KubernetesConnection
}> => {
  const server = await startFakeApiServer()
  const connection = await connectKubernetes({ kubeconfig: server.kubeconfig })
  open.push(
    () => server.close(),
    () => connection.close(),
  )
  return { server, connection }
}

test('a list follows continue to the end and gives each item its kind (F66)', async () => {
  const { server, connection } = await setUp()
  for (const name of ['a', 'b', 'c', 'd', 'e']) server.put(name)
  const page = await connection.list(things)
  expect(page.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(page.items[0]).toMatchObject({ kind: 'Thing', apiVersion: 'test.dev/v1' })
})

test('a request waits where the server asks to, and then succeeds (F62)', async () => {
  const { server, connection } = await setUp()
  server.put('a')
  server.refuse(429, { times: 2, retryAfter: 0 })
  expect((await connection.list(things)).items).toHaveLength(1)
})

test('a refusal without a wish to wait is the caller’s, with the server’s own status', async () => {
  const { server, connection } = await setUp()
  server.refuse(503)
  await expect(connection.list(things)).rejects.toMatchObject({ status: 503, reason: 'Refused' })
})

test('an unreachable server is an error with status 0', async () => {
  const connection = await connectKubernetes({
    kubeconfig: JSON.stringify({
      'current-context': 'x',
      contexts: [{ name: 'x', context: { cluster: 'x' } }],
      clusters: [{ name: 'x', cluster: { server: 'http://127.0.0.1:1' } }],
    }),
  })
  open.push(() => connection.close())
  await expect(connection.list(things)).rejects.toMatchObject({ status: 0, reason: 'Unreachable' })
})

test('410 inside a watch stream, which comes under HTTP 200, is thrown as 410 (F60)', async () => {
  const { server, connection } = await setUp()
  const seen: WatchEvent<KubernetesObject>[] = []
  const stop = new AbortController()
  const watching = (async () => {
    const options = { resourceVersion: '10', signal: stop.signal }
    for await (const event of connection.watch(things, options)) {
      seen.push(event)
      if (seen.length === 1) server.bookmark()
      if (seen.length === 2) server.compact()
    }
  })()
  server.put('a')
  await expect(watching).rejects.toSatisfy(
    (error) => error instanceof KubernetesApiError && error.status === 410,
  )
  expect(seen.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK'])
})

test('an aborted watch ends', async () => {
  const { server, connection } = await setUp()
  const stop = new AbortController()
  server.put('a')
  const watching = (async () => {
    for await (const event of connection.watch(things, { resourceVersion: '10', signal: stop.signal })) {
      expect(event.type).toBe('ADDED')
      stop.abort()
    }
  })()
  // Ending quietly and throwing the abort are both an end.
  await watching.catch((error: unknown) => error)
  expect(stop.signal.aborted).toBe(true)
})

test('a kubeconfig that names what is not there says so', async () => {
  const kubeconfig = JSON.stringify({
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'y' } }],
  })
  await expect(connectKubernetes({ kubeconfig })).rejects.toMatchObject({ code: 'InvalidInput' })
})
