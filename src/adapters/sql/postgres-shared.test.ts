import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { verifyChain } from '../../domain/journal/hash-chain.ts'
import type { Store } from '../../ports/store.ts'
import {
  agentKey,
  completed,
  intended,
  policyOf,
  requested,
  responded,
  runKey,
  started,
  submitted,
  taskOf,
} from '../../ports/store.fixtures.ts'
import { realClock, serverForTests } from './postgres.fixtures.ts'
import { openPostgresStore } from './postgres.ts'
import { schemaVersion } from './schema.ts'

const { server, missing } = serverForTests()
afterAll(() => server.remove())

const LEASE_MS = 10_000

/** Long polls have found nothing and only a notice can wake them. */
const polling = () => new Promise((resolve) => setTimeout(resolve, 300))

/** Tries until it holds; fails with the test's own time limit. */
const eventually = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
}

describe.skipIf(missing)('several processes on one PostgreSQL', () => {
  let url: string
  let stores: Store[]
  beforeEach(async () => {
    url = await server.emptySchema()
    stores = []
  })
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()))
  })
  const open = async (): Promise<Store> => {
    const store = await openPostgresStore({ url, clock: realClock })
    stores.push(store)
    return store
  }
  const both = async (): Promise<readonly [Store, Store]> => [await open(), await open()]
  const leaseOf = (store: Store, waitMs = 0, agent = agentKey()) =>
    store.tasks.lease({ agent, holder: 'pod', leaseMs: LEASE_MS, waitMs })
  const submitTo = (store: Store, task = taskOf()) => store.tasks.submit({ task, records: [submitted(task)] })

  test('K1 F07 of 60 tasks none is leased by two hubs, and none is left', async () => {
    const [one, two] = await both()
    const tasks = Array.from({ length: 60 }, (_, index) =>
      taskOf({ run: runKey(`run-${index % 7}`), step: `s${index}` }),
    )
    await Promise.all(tasks.map((task, index) => submitTo(index % 2 === 0 ? one : two, task)))
    const taken = await Promise.all(tasks.map((_, index) => leaseOf(index % 2 === 0 ? one : two, 20_000)))
    expect(new Set(taken.map((lease) => lease?.task.id)).size).toBe(60)
    expect(taken.every((lease) => lease?.fence === 1)).toBe(true)
    expect(await leaseOf(one)).toBeUndefined()
    expect(await leaseOf(two)).toBeUndefined()
  })

  test('K1 who does not wait is always answered, however many ask two hubs for the same tasks', async () => {
    const [one, two] = await both()
    const tasks = Array.from({ length: 100 }, (_, index) => taskOf({ run: runKey(`run-${index}`) }))
    await Promise.all(tasks.map((task) => submitTo(one, task)))
    const taken: string[] = []
    const takeAll = async (store: Store): Promise<void> => {
      for (;;) {
        const lease = await store.tasks.lease({
          agent: agentKey(),
          holder: 'pod',
          leaseMs: 600_000,
          waitMs: 0,
        })
        if (lease === undefined) return
        taken.push(lease.task.id)
      }
    }
    await Promise.all(Array.from({ length: 16 }, (_, index) => takeAll(index % 2 === 0 ? one : two)))
    // Who passed a task over while another hub was deciding about it may have been the last to ask.
    await takeAll(one)
    expect(taken.toSorted()).toEqual(tasks.map(({ id }) => id).toSorted())
  })

  test('F03 the same task submitted to two hubs at once is one task', async () => {
    const [one, two] = await both()
    await Promise.all([one, two, one, two].map((store) => submitTo(store)))
    const records = await one.journal.read({ run: runKey().uid })
    expect(records.map(({ type }) => type)).toEqual(['step.submitted'])
  })

  test('a submit in one wakes a long poll in the other', async () => {
    const [one, two] = await both()
    const waiting = leaseOf(two, 60_000)
    await polling()
    await submitTo(one)
    expect(await waiting).toMatchObject({ fence: 1 })
  })

  test('F12 a task given back in one goes to who waits at the other', async () => {
    const [one, two] = await both()
    await submitTo(one)
    const owner = await leaseOf(one)
    const waiting = leaseOf(two, 60_000)
    await one.tasks.release({ task: owner?.task.id ?? '', fence: 1 })
    expect(await waiting).toMatchObject({ fence: 2 })
  })

  test('F05 a lease that ran out in one goes to who waits at the other, and the old owner is refused', async () => {
    const [one, two] = await both()
    await submitTo(one)
    const task = taskOf()
    await one.tasks.lease({ agent: agentKey(), holder: 'pod-1', leaseMs: 300, waitMs: 0 })
    expect(await leaseOf(two, 60_000)).toMatchObject({ fence: 2 })
    const stale = { code: 'StaleLease' }
    await expect(
      one.tasks.append({ task: task.id, fence: 1, records: [intended(task)] }),
    ).rejects.toMatchObject(stale)
    await expect(
      one.tasks.finish({ task: task.id, fence: 1, records: [completed(task)] }),
    ).rejects.toMatchObject(stale)
  })

  test('growth, cancellation, policies and deliveries in one are heard in the other', async () => {
    const [one, two] = await both()
    const heard = new Set<string>()
    two.journal.subscribe(({ uid }) => heard.add(`journal ${uid}`))
    two.tasks.subscribe(({ id }) => heard.add(`task ${id}`))
    two.policies.subscribe(({ name }) => heard.add(`policy ${name}`))
    two.inbox.subscribe(() => heard.add('delivery'))
    await submitTo(one)
    await leaseOf(one)
    await one.tasks.cancel({ run: runKey(), reason: 'RunCancelled' })
    await one.policies.put(policyOf({ revision: 'r7' }))
    await one.inbox.accept({
      delivery: 'd',
      uid: 'event-uid',
      namespace: 'n',
      event: 'e',
      receivedAt: '2026-04-01T02:52:00.000Z',
      runs: [{ name: 'e-1', target: 0, manifest: {} }],
    })
    expect((await two.policies.get(agentKey()))?.revision).toBe('r7')
    await eventually(() => heard.size === 4)
    expect([...heard].toSorted()).toEqual([
      'delivery',
      `journal ${runKey().uid}`,
      `policy ${agentKey().name}`,
      `task ${taskOf().id}`,
    ])
  })

  test('a notice of another schema of the same database is not heard', async () => {
    const one = await open()
    const elsewhere = await openPostgresStore({ url: await server.emptySchema(), clock: realClock })
    stores.push(elsewhere)
    const heard: string[] = []
    elsewhere.journal.subscribe(({ uid }) => heard.push(uid))
    await one.journal.append({ run: runKey('theirs'), records: [started()] })
    await elsewhere.journal.append({ run: runKey('mine'), records: [started()] })
    expect(await elsewhere.journal.read({ run: runKey('theirs').uid })).toEqual([])
    expect(heard).toEqual([runKey('mine').uid])
  })

  test('F81 D1 a delivery accepted by two hubs at once is accepted once', async () => {
    const [one, two] = await both()
    const entry = (name: string) => ({
      delivery: 'd',
      uid: 'event-uid',
      namespace: 'n',
      event: 'e',
      receivedAt: '2026-04-01T02:52:00.000Z',
      runs: [{ name, target: 0, manifest: {} }],
    })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? one : two).inbox.accept(entry(`r${index}`)),
      ),
    )
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
    expect(new Set(answers.map(({ entry: { runs } }) => runs[0]?.name)).size).toBe(1)
  })

  test('B1 one ceiling for all hubs, and an answer settled by two is settled once', async () => {
    const [one, two] = await both()
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 === 0 ? one : two).spend.reserve({
          key: `k${index}`,
          agent: agentKey(`agent-${index % 3}`),
          tokens: 300,
          namespaceLimit: 1000,
        }),
      ),
    )
    expect(results.filter(({ type }) => type === 'reserved')).toHaveLength(3)
    const elsewhere = agentKey('agent', 'elsewhere')
    const keys = Array.from({ length: 20 }, (_, index) => `other-${index}`)
    for (const key of keys) await one.spend.reserve({ key, agent: elsewhere, tokens: 100 })
    await Promise.all(
      keys.flatMap((key) => [one, two].map((store) => store.spend.settle({ key, tokens: 40 }))),
    )
    expect(await one.spend.spentToday(elsewhere)).toEqual({ agent: 800, namespace: 800 })
  })

  test('A1 steps of one run that work through two hubs at once keep one unbroken journal', async () => {
    const [one, two] = await both()
    const owners = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const store = index % 2 === 0 ? one : two
        const agent = agentKey(`agent-${index}`)
        const task = taskOf({ step: `step-${index}`, agent })
        await submitTo(store, task)
        await leaseOf(store, 0, agent)
        return { store, task, proof: { task: task.id, fence: 1 } }
      }),
    )
    await Promise.all(
      owners.map(async ({ store, task, proof }) => {
        for (let turn = 1; turn <= 10; turn++) {
          await store.tasks.reserve({ ...proof, record: requested(task, { turn }) })
          await store.tasks.append({
            ...proof,
            records: [responded(task, { turn }), intended(task, { turn })],
          })
          await store.tasks.heartbeat({ ...proof, leaseMs: LEASE_MS })
        }
        await store.tasks.finish({ ...proof, records: [completed(task)] })
      }),
    )
    const records = await one.journal.read({ run: runKey().uid })
    expect(verifyChain(records)).toMatchObject({ type: 'intact', records: 8 * (2 + 30 + 1) })
    expect((await two.spend.spentToday(agentKey())).namespace).toBe(8 * 10 * 100)
  })

  test('F08 a restarted database: a long poll keeps its place, and what came meanwhile is heard', async () => {
    const [one, two] = await both()
    const heard = new Set<string>()
    await one.journal.append({ run: runKey(), records: [started()] })
    const waiting = leaseOf(two, 60_000)
    await polling()
    server.stop()
    const refused = { code: 'StoreUnavailable', retryable: true }
    await expect(one.journal.append({ run: runKey(), records: [started()] })).rejects.toMatchObject(refused)
    await expect(two.journal.read({ run: runKey().uid })).rejects.toMatchObject(refused)
    await expect(leaseOf(two, 0, agentKey('other'))).rejects.toMatchObject(refused)
    two.journal.subscribe(({ uid }) => heard.add(uid))
    server.start()
    // A process that was never away writes while the others may still be deaf.
    const third = await open()
    await third.journal.append({ run: runKey('meanwhile'), records: [started()] })
    await submitTo(third, taskOf({ run: runKey('meanwhile') }))
    expect(await waiting).toMatchObject({ task: { run: { name: 'meanwhile' } } })
    await eventually(() => heard.has(runKey('meanwhile').uid))
    await one.journal.append({ run: runKey(), records: [intended(taskOf())] })
    expect(verifyChain(await two.journal.read({ run: runKey().uid }))).toMatchObject({ type: 'intact' })
  })

  test('F08 writes in flight at a restart are stored or refused as retryable; asked again, each is there once', async () => {
    const stores = await both()
    const acknowledged = new Set<string>()
    const failures: unknown[] = []
    let down = false
    const write = async (caller: number): Promise<void> => {
      const run = runKey(`run-${caller % 3}`)
      const task = taskOf({ run, step: `step-${caller}` })
      for (let turn = 1, after = 0; after < 10;) {
        try {
          await stores[caller % 2 === 0 ? 0 : 1].journal.append({ run, records: [intended(task, { turn })] })
          acknowledged.add(`${run.uid} ${caller} ${turn++}`)
          if (down) after++
        } catch (error) {
          failures.push(error)
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }
    }
    const writers = Promise.all(Array.from({ length: 8 }, (_, caller) => write(caller)))
    await eventually(() => acknowledged.size > 100)
    server.stop()
    down = true
    await eventually(() => failures.length > 20)
    server.start()
    await writers
    for (const error of failures) expect(error).toMatchObject({ code: 'StoreUnavailable', retryable: true })
    let held = 0
    for (const { uid } of await stores[0].journal.unfinished()) {
      const records = await stores[0].journal.read({ run: uid })
      expect(verifyChain(records)).toMatchObject({ type: 'intact' })
      held += records.length
    }
    // Every turn was asked for until it was acknowledged, some of them twice.
    expect(held).toBe(acknowledged.size)
  })

  test('F08 a connection that the server ends between two calls is not noticed by the caller', async () => {
    const one = await open()
    await one.journal.append({ run: runKey(), records: [started()] })
    const admin = new pg.Client({ connectionString: url })
    await admin.connect()
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kubeswarm' AND pid <> pg_backend_pid()`,
    )
    await admin.end()
    expect(await one.journal.append({ run: runKey(), records: [intended(taskOf())] })).toMatchObject([
      { seq: 2 },
    ])
    expect(await one.journal.read({ run: runKey().uid })).toHaveLength(2)
    // Nor is it deaf: what others write is heard again.
    const heard: string[] = []
    one.journal.subscribe(({ uid }) => heard.push(uid))
    await (await open()).journal.append({ run: runKey('later'), records: [started()] })
    await eventually(() => heard.includes(runKey('later').uid))
  })

  test('F01 a cancelled task whose owner and hub are gone is ended by another hub', async () => {
    const [one, two] = await both()
    await submitTo(one)
    await one.tasks.lease({ agent: agentKey(), holder: 'pod-1', leaseMs: 300, waitMs: 0 })
    await one.tasks.append({ task: taskOf().id, fence: 1, records: [intended(taskOf())] })
    await one.tasks.cancel({ run: runKey(), reason: 'RunTimeout' })
    await one.close()
    await eventually(async () => (await two.tasks.find(taskOf().id))?.state === 'ended')
    const types = (await two.journal.read({ run: runKey().uid })).map(({ type }) => type)
    expect(types.slice(-2)).toEqual(['tool.outcome-unknown', 'task.cancelled'])
  })

  test('F01 W1 what was acknowledged before kill -9 is there after it, in unbroken chains of two writers', async () => {
    await (await open()).close()
    const writer = fileURLToPath(new URL('./postgres.writer.ts', import.meta.url))
    const acknowledged = new Set<string>()
    const start = (name: string): { readonly child: ChildProcess; readonly busy: Promise<void> } => {
      const child = fork(writer, [url, name], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      let heard = 0
      const busy = new Promise<void>((resolve) => {
        child.on('message', (keys: string[]) => {
          for (const key of keys) acknowledged.add(key)
          heard += keys.length
          if (heard > 300) resolve()
        })
      })
      return { child, busy }
    }
    for (let cycle = 0; cycle < 2; cycle++) {
      const writers = [start(`a${cycle}`), start(`b${cycle}`)]
      await Promise.all(writers.map(({ busy }) => busy))
      for (const { child } of writers) child.kill('SIGKILL')
      await Promise.all(writers.map(({ child }) => once(child, 'exit')))
    }
    const store = await open()
    const held = new Set<string>()
    for (const { uid } of await store.journal.unfinished()) {
      const records = await store.journal.read({ run: uid })
      expect(verifyChain(records)).toMatchObject({ type: 'intact' })
      for (const { key } of records) held.add(`${uid} ${key}`)
    }
    expect([...acknowledged].filter((key) => !held.has(key))).toEqual([])
    expect(acknowledged.size).toBeGreaterThan(1200)
  })

  test('two processes that open an empty database at once both find its tables', async () => {
    const [one, two] = await Promise.all([open(), open(), open(), open()])
    await one?.journal.append({ run: runKey(), records: [started()] })
    expect(await two?.journal.read({ run: runKey().uid })).toHaveLength(1)
  })

  test('a schema of a newer version is refused and left as it is', async () => {
    await (await open()).close()
    const admin = new pg.Client({ connectionString: url })
    await admin.connect()
    await admin.query('UPDATE schema_version SET version = 99')
    await expect(open()).rejects.toMatchObject({ code: 'StoreTooNew' })
    const { rows } = await admin.query('SELECT version FROM schema_version')
    await admin.end()
    expect(rows).toEqual([{ version: '99' }])
    expect(schemaVersion).toBeLessThan(99)
  })

  test('what was asked for before closing is written, what comes after is refused', async () => {
    const one = await open()
    const before = one.journal.append({ run: runKey(), records: [started()] })
    await one.close()
    await one.close()
    expect(await before).toHaveLength(1)
    const refused = { code: 'StoreUnavailable' }
    await expect(one.journal.append({ run: runKey(), records: [started()] })).rejects.toMatchObject(refused)
    await expect(one.journal.read({ run: runKey().uid })).rejects.toMatchObject(refused)
  })

  test.each([
    { reason: 'nobody listens', url: 'postgres://swarm:s3cret@127.0.0.1:1/none', code: 'StoreUnavailable' },
    { reason: 'no such host', url: 'postgres://swarm:s3cret@nowhere.invalid/none', code: 'StoreUnavailable' },
    { reason: 'not a database', url: 'https://swarm:s3cret@example.org', code: 'InvalidInput' },
    { reason: 'broken', url: 'postgres://swarm:s3cret@[host/none', code: 'InvalidInput' },
  ])('S4 the password is in no message: $reason', async ({ url: wrong, code }) => {
    const error: unknown = await openPostgresStore({ url: wrong, clock: realClock }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ code })
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error as object)) + String(error)).not.toContain(
      's3cret',
    )
  })
})
