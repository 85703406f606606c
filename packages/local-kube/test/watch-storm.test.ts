/**
 * Many watchers, many writes, connections that are cut and a server that is killed: nobody misses anything, and nobody
 * hears it in another order.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { startApiServer } from '../src/index.ts'
import { conformanceClient } from './conformance-runner.ts'
import type { Answer, Target } from './conformance-runner.ts'
import { startCuttingProxy } from './cutting-proxy.ts'
import { startServerProcess } from './server-process.ts'

const WATCHERS = 100
const WRITES = 1_000
const path = '/api/v1/namespaces/default/configmaps'
const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

interface Item {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
}
interface Line {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'ERROR'
  readonly object: Item & { readonly code?: number }
}

/** A client as careful as an informer: it goes on from the last version, and lists anew only after a 410. */
class Follower {
  readonly versions: number[] = []
  /** Between the last version before a 410 and the version of the list after it, nothing can be asked for any more. */
  readonly gaps: (readonly [after: number, upTo: number])[] = []
  readonly state = new Map<string, string>()
  disconnections = 0
  #position = 0
  #stopped = false
  readonly #target: () => Target
  readonly #dispatcher: Agent

  constructor(target: () => Target) {
    this.#target = target
    const { ca } = target()
    this.#dispatcher = new Agent({ connect: ca === undefined ? {} : { ca }, bodyTimeout: 0 })
  }

  get position(): number {
    return this.#position
  }

  async follow(onFirstList: () => void): Promise<void> {
    let isFirst = true
    let mustList = true
    while (!this.#stopped) {
      try {
        if (mustList) await this.#list()
        mustList = false
        if (isFirst) onFirstList()
        isFirst = false
        mustList = await this.#watch()
      } catch {
        // The connection was refused or broke; try again.
      }
      this.disconnections += 1
      await sleep(5)
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#dispatcher.destroy()
  }

  #ask(query: string): ReturnType<typeof request> {
    const { url, token } = this.#target()
    return request(`${url}${path}${query}`, {
      dispatcher: this.#dispatcher,
      headers: { authorization: `Bearer ${token}` },
    })
  }

  async #list(): Promise<void> {
    const { body } = await this.#ask('')
    const { items, metadata } = (await body.json()) as {
      readonly items: readonly Item[]
      readonly metadata: Item['metadata']
    }
    const version = Number(metadata.resourceVersion)
    if (this.#position > 0) this.gaps.push([this.#position, version])
    this.state.clear()
    for (const {
      metadata: { name, resourceVersion },
    } of items)
      this.state.set(name, resourceVersion)
    this.#position = version
  }

  async #watch(): Promise<boolean> {
    const { body } = await this.#ask(`?watch=true&resourceVersion=${this.#position}`)
    body.on('error', () => undefined)
    for await (const text of createInterface({ input: body })) {
      let line: Line
      try {
        line = JSON.parse(text) as Line
      } catch {
        // The connection was cut within a line: it will come again.
        return false
      }
      if (line.type === 'ERROR') return line.object.code === 410
      const { name, resourceVersion } = line.object.metadata
      this.versions.push(Number(resourceVersion))
      this.#position = Number(resourceVersion)
      if (line.type === 'DELETED') this.state.delete(name)
      else this.state.set(name, resourceVersion)
    }
    return false
  }
}

test(`${WATCHERS} watchers of ${WRITES} writes miss none and keep their order, through cut connections and a 410`, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'watch-storm-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  let server = await startServerProcess(directory)
  cleanups.push(() => server.kill())
  const proxy = await startCuttingProxy(() => server.target.url)
  cleanups.push(proxy.close)
  const followers = Array.from(
    { length: WATCHERS },
    () => new Follower(() => ({ ...server.target, url: proxy.url })),
  )
  const following: Promise<void>[] = []
  cleanups.push(async () => {
    await Promise.all(followers.map((follower) => follower.stop()))
    await Promise.all(following)
  })
  await Promise.all(
    followers.map(
      (follower) => new Promise<void>((resolve) => following.push(follower.follow(() => resolve()))),
    ),
  )

  const acknowledged: number[] = []
  /** Writes by several at once; a quarter of them deletions. */
  const write = async (count: number, onWrite: (done: number) => void = () => undefined): Promise<void> => {
    const client = conformanceClient(server.target)
    let begun = 0
    let done = 0
    await Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        for (let turn = 0; begun < count; turn += 1) {
          begun += 1
          const answer = await writeOne({ send: client.send, name: `w${writer}-${turn % 5}`, turn })
          acknowledged.push(...answer)
          done += 1
          onWrite(done)
        }
      }),
    )
    await client.close()
  }
  const versionNow = async (): Promise<number> => {
    const client = conformanceClient(server.target)
    const { body } = await client.send({ method: 'GET', path })
    await client.close()
    return Number((body as Item).metadata.resourceVersion)
  }
  const allHaveRead = async (version: number): Promise<void> => {
    await expect
      .poll(() => followers.filter(({ position }) => position < version).length, { timeout: 60_000 })
      .toBe(0)
  }

  await write(WRITES / 2, (done) => {
    if (done % 100 === 50) proxy.cut()
  })
  const readByAll = acknowledged.at(-1) === undefined ? 0 : Math.max(...acknowledged)
  await allHaveRead(readByAll)

  // They are kept out while more is written and the server dies: what they ask for next is forgotten.
  proxy.refuse(true)
  await write(50)
  await server.kill()
  server = await startServerProcess(directory)
  proxy.refuse(false)
  await write(WRITES / 2, (done) => {
    if (done % 100 === 50) proxy.cut()
  })
  await allHaveRead(Math.max(...acknowledged))

  const client = conformanceClient(server.target)
  cleanups.push(client.close)
  const { items } = (await client.send({ method: 'GET', path })).body as { readonly items: readonly Item[] }
  const truth = Object.fromEntries(
    items.map(({ metadata: { name, resourceVersion } }) => [name, resourceVersion]),
  )
  expect(await versionNow()).toBe(Math.max(...acknowledged))
  for (const follower of followers) {
    const { versions, gaps, state, disconnections } = follower
    const inGap = (version: number): boolean =>
      gaps.some(([after, upTo]) => version > after && version <= upTo)
    const seen = new Set(versions)
    expect(acknowledged.filter((version) => !seen.has(version) && !inGap(version))).toEqual([])
    expect(versions.filter((version, index) => version <= (versions[index - 1] ?? 0))).toEqual([])
    expect(Object.fromEntries(state)).toEqual(truth)
    expect(gaps).toHaveLength(1)
    expect(disconnections).toBeGreaterThanOrEqual(5)
  }
})

/** The versions it was answered with; a deletion has none to be told of, so it is followed by a creation. */
async function writeOne({
  send,
  name,
  turn,
}: {
  readonly send: (row: Parameters<ReturnType<typeof conformanceClient>['send']>[0]) => Promise<Answer>
  readonly name: string
  readonly turn: number
}): Promise<readonly number[]> {
  const versionOf = ({ body }: Answer): number => Number((body as Item).metadata.resourceVersion)
  const create = async (): Promise<Answer> =>
    send({
      method: 'POST',
      path,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { turn: String(turn) } },
    })
  const created = await create()
  if (created.status === 201) return [versionOf(created)]
  if (turn % 4 === 0) {
    await send({ method: 'DELETE', path: `${path}/${name}` })
    return [versionOf(await create())]
  }
  const body = { data: { turn: `${turn}-${Math.random()}` } }
  const type = 'application/merge-patch+json'
  return [versionOf(await send({ method: 'PATCH', path: `${path}/${name}`, type, body }))]
}

test('a watcher that does not read is cut off once what it missed is forgotten, and others go on', async () => {
  const server = await startApiServer({ tls: false })
  cleanups.push(server.close)
  const client = conformanceClient({ url: server.url, ca: undefined, token: server.token })
  cleanups.push(client.close)
  const follower = new Follower(() => ({ url: server.url, ca: undefined, token: server.token }))
  cleanups.push(() => follower.stop())
  await new Promise<void>((resolve) => void follower.follow(() => resolve()))
  let isCut = false
  const slow = httpRequest(`${server.url}${path}?watch=true`, {
    headers: { authorization: `Bearer ${server.token}` },
  })
  const unread = await new Promise<IncomingMessage>((resolve) => {
    slow.on('response', resolve)
    slow.end()
  })
  unread.on('error', () => undefined)
  unread.on('close', () => (isCut = true))
  cleanups.push(() => void slow.destroy())
  // More than the history keeps, each write as large as a ConfigMap may be.
  const body = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'large' },
    data: { x: 'x'.repeat(900_000) },
  }
  let version = 0
  for (let count = 0; count < 110; count += 1) {
    const answer = await client.send({
      method: count === 0 ? 'POST' : 'PUT',
      path: count === 0 ? path : `${path}/large`,
      body: { ...body, data: { ...body.data, count: String(count) } },
    })
    version = Number((answer.body as Item).metadata.resourceVersion)
  }
  const watches = async (): Promise<string> => {
    const { body: text } = await client.send({ method: 'GET', path: '/metrics' })
    return /apiserver_longrunning_requests\{verb="WATCH"\} (\d+)/.exec(String(text))?.[1] ?? ''
  }
  await expect.poll(watches).toBe('1')
  await expect.poll(() => follower.position).toBe(version)
  expect(follower.gaps).toEqual([])
  // Its own end hears of it when it reads on.
  unread.resume()
  await expect.poll(() => isCut).toBe(true)
})
