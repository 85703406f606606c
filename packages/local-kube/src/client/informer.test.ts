// The informer against a real HTTP server that misbehaves in the ways real ones do.

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { startInformer, type Change, type Informer } from './informer.ts'
import { createKubeClient, type KubeClient } from './kube-client.ts'
import type { Stored } from './kubernetes-types.ts'

const object = (name: string, version: number): Stored => ({
  metadata: { name, namespace: 'n', uid: `uid-${name}`, resourceVersion: String(version) },
})

async function eventually(check: () => boolean): Promise<void> {
  const until = Date.now() + 10_000
  while (!check()) {
    if (Date.now() > until) throw new Error(`never became true: ${check.toString()}`)
    await sleep(10)
  }
}

const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

interface Scene {
  readonly client: KubeClient
  readonly watches: { readonly query: URLSearchParams; readonly response: ServerResponse }[]
  readonly lists: URLSearchParams[]
  items: Stored[]
  version: number
}

async function scene(): Promise<Scene> {
  const watches: Scene['watches'] = []
  const lists: URLSearchParams[] = []
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://x')
    if (searchParams.get('watch') === 'true') {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
      watches.push({ query: searchParams, response })
      return
    }
    lists.push(searchParams)
    response.end(JSON.stringify({ metadata: { resourceVersion: String(state.version) }, items: state.items }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = createKubeClient({
    kubeconfig: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
  })
  const state: Scene = { client, watches, lists, items: [], version: 1 }
  cleanUps.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await client.close()
  })
  return state
}

function inform(stage: Scene): { informer: Informer<Stored>; seen: string[] } {
  const informer = startInformer<Stored>({ client: stage.client, path: '/api/v1/things' })
  const seen: string[] = []
  informer.onChange(({ type, object: { metadata } }: Change<Stored>) =>
    seen.push(`${type} ${metadata.name}@${metadata.resourceVersion}`),
  )
  cleanUps.push(() => informer.close())
  return { informer, seen }
}

const send = (stage: Scene, type: string, payload: unknown): boolean | undefined =>
  stage.watches.at(-1)?.response.write(`${JSON.stringify({ type, object: payload })}\n`)

describe('an informer', () => {
  it('goes on from the last event, bookmarks included, when the connection is reset', async () => {
    const stage = await scene()
    stage.items = [object('a', 1)]
    const { informer, seen } = inform(stage)
    await informer.synced
    await eventually(() => stage.watches.length === 1)
    send(stage, 'ADDED', object('b', 5))
    send(stage, 'BOOKMARK', { metadata: { resourceVersion: '9' } })
    await eventually(() => seen.length === 2)
    await sleep(20)
    stage.watches[0]?.response.destroy()
    await eventually(() => stage.watches.length === 2)
    expect(stage.watches[1]?.query.get('resourceVersion')).toBe('9')
    expect(stage.watches[1]?.query.get('allowWatchBookmarks')).toBe('true')
    expect(stage.lists).toHaveLength(1)
    send(stage, 'DELETED', object('a', 10))
    await eventually(() => seen.length === 3)
    expect(seen).toEqual(['added a@1', 'added b@5', 'deleted a@1'])
  })

  it('lists again when its version expired, and tells what was deleted and changed meanwhile', async () => {
    const stage = await scene()
    stage.items = [object('a', 1), object('b', 1)]
    const { seen } = inform(stage)
    await eventually(() => stage.watches.length === 1)
    stage.items = [object('b', 20), object('c', 21)]
    stage.version = 30
    send(stage, 'ERROR', { kind: 'Status', code: 410, reason: 'Expired' })
    await eventually(() => seen.length === 5)
    expect(seen.slice(2)).toEqual(['modified b@20', 'added c@21', 'deleted a@1'])
  })

  it('knows the result of a write before the watch tells, tells it once, and is not fooled by late news', async () => {
    const stage = await scene()
    stage.version = 10
    const { informer, seen } = inform(stage)
    await informer.synced
    await eventually(() => stage.watches.length === 1)
    informer.learn(object('a', 11))
    expect(informer.get({ namespace: 'n', name: 'a' })?.metadata.resourceVersion).toBe('11')
    send(stage, 'ADDED', object('a', 11))
    send(stage, 'DELETED', object('a', 12))
    await eventually(() => seen.length === 2)
    informer.learn(object('a', 11))
    expect(informer.list()).toEqual([])
    expect(seen).toEqual(['added a@11', 'deleted a@11'])
  })

  it('believes a list of a server that was set back to an earlier state', async () => {
    const stage = await scene()
    stage.items = [object('a', 50), object('b', 51)]
    stage.version = 60
    const { informer, seen } = inform(stage)
    await eventually(() => stage.watches.length === 1)
    stage.items = [object('a', 7)]
    stage.version = 8
    send(stage, 'ERROR', { kind: 'Status', code: 410, reason: 'Expired' })
    await eventually(() => seen.length === 4)
    expect(informer.list().map(({ metadata }) => metadata.resourceVersion)).toEqual(['7'])
  })

  it('takes a new object of the same name for another one', async () => {
    const stage = await scene()
    stage.items = [object('a', 1)]
    const { seen } = inform(stage)
    await eventually(() => stage.watches.length === 1)
    send(stage, 'ADDED', { metadata: { ...object('a', 7).metadata, uid: 'other' } })
    await eventually(() => seen.length === 3)
    expect(seen).toEqual(['added a@1', 'deleted a@1', 'added a@7'])
  })
})
