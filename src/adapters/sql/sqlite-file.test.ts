import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { verifyChain } from '../../domain/journal/hash-chain.ts'
import { createManualClock } from '../../ports/manual-clock.ts'
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
import { openSqliteStore } from './sqlite.ts'

describe('a store file', () => {
  let directory: string
  let path: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kubeswarm-store-'))
    path = join(directory, 'kubeswarm.db')
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))
  const open = (clock = createManualClock()) => openSqliteStore({ path, clock })

  test('everything is there after it was closed and opened again', async () => {
    const first = open()
    const task = taskOf()
    await first.journal.append({ run: runKey(), records: [started()] })
    await first.tasks.submit({ task, records: [submitted(task)] })
    const lease = await first.tasks.lease({ agent: agentKey(), holder: 'pod-1', leaseMs: 10_000, waitMs: 0 })
    await first.tasks.reserve({ task: task.id, fence: lease?.fence ?? 0, record: requested(task) })
    await first.policies.put(policyOf())
    await first.inbox.accept({
      delivery: 'd',
      uid: 'event-uid',
      namespace: 'n',
      event: 'e',
      receivedAt: '2026-04-01T02:52:00.000Z',
      runs: [{ name: 'e-1', target: 0, manifest: {} }],
    })
    await first.close()

    const second = open()
    expect(verifyChain(await second.journal.read({ run: runKey().uid }))).toMatchObject({
      type: 'intact',
      records: 4,
    })
    expect(await second.policies.get(agentKey())).toEqual(policyOf())
    expect(await second.spend.spentToday(agentKey())).toEqual({ agent: 500, namespace: 500 })
    expect(await second.inbox.pending()).toHaveLength(1)
    // The owner outlives the store's restart: its fence still holds.
    await second.tasks.append({ task: task.id, fence: 1, records: [responded(task)] })
    await second.tasks.finish({ task: task.id, fence: 1, records: [completed(task)] })
    expect(verifyChain(await second.journal.read({ run: runKey().uid }))).toMatchObject({
      type: 'intact',
      records: 6,
    })
    await second.close()
  })

  test('F01 a cancelled task whose lease ran out while the store was closed ends when it opens', async () => {
    const clock = createManualClock()
    const first = open(clock)
    const task = taskOf()
    await first.tasks.submit({ task, records: [submitted(task)] })
    await first.tasks.lease({ agent: agentKey(), holder: 'pod-1', leaseMs: 10_000, waitMs: 0 })
    await first.tasks.append({ task: task.id, fence: 1, records: [intended(task)] })
    await first.tasks.cancel({ run: task.run, reason: 'RunTimeout' })
    await first.close()
    clock.advance(10_000)
    const second = open(clock)
    clock.advance(0)
    await second.journal.append({ run: runKey('other'), records: [started()] })
    const types = (await second.journal.read({ run: runKey().uid })).map(({ type }) => type)
    expect(types.slice(-2)).toEqual(['tool.outcome-unknown', 'task.cancelled'])
    await second.close()
  })

  test('a second opener is refused and told who has it, and the first is not disturbed', async () => {
    const first = open()
    expect(() => open()).toThrow(
      expect.objectContaining({
        code: 'StoreLocked',
        message: expect.stringContaining(`"${path}": process ${process.pid} has it open`),
        remedy: expect.stringContaining(`kill ${process.pid}`),
      }),
    )
    await first.journal.append({ run: runKey(), records: [started()] })
    await first.close()
    await open().close()
  })

  test('a schema of a newer version is refused and left as it is', async () => {
    await open().close()
    const raw = new DatabaseSync(path)
    raw.exec('UPDATE schema_version SET version = 99')
    raw.close()
    expect(() => open()).toThrow(expect.objectContaining({ code: 'StoreTooNew' }))
    const again = new DatabaseSync(path)
    expect(again.prepare('SELECT version FROM schema_version').get()).toEqual({ version: 99 })
    again.close()
  })

  test('a directory that does not exist is named', () => {
    const missing = join(directory, 'nowhere', 'kubeswarm.db')
    expect(() => openSqliteStore({ path: missing, clock: createManualClock() })).toThrow(
      expect.objectContaining({ code: 'StoreUnavailable', message: expect.stringContaining(missing) }),
    )
  })

  test('a file that is no database is named', () => {
    expect(() => openSqliteStore({ path: import.meta.filename, clock: createManualClock() })).toThrow(
      expect.objectContaining({ code: 'StoreUnavailable' }),
    )
  })

  test('what was asked for before closing is written, what comes after is refused', async () => {
    const store = open()
    const before = store.journal.append({ run: runKey(), records: [started()] })
    await store.close()
    await store.close()
    expect(await before).toHaveLength(1)
    await expect(store.journal.append({ run: runKey(), records: [started()] })).rejects.toMatchObject({
      code: 'StoreUnavailable',
    })
    const again = open()
    expect(await again.journal.read({ run: runKey().uid })).toHaveLength(1)
    await again.close()
  })

  test('F10 a changed record shows in the chain', async () => {
    const store = open()
    await store.journal.append({
      run: runKey(),
      records: [started(), submitted(taskOf()), intended(taskOf())],
    })
    await store.close()
    const raw = new DatabaseSync(path)
    raw.exec(`UPDATE records SET body = replace(body, '#incidents', '#public') WHERE seq = 3`)
    raw.close()
    const again = open()
    expect(verifyChain(await again.journal.read({ run: runKey().uid }))).toMatchObject({
      type: 'broken',
      seq: 3,
    })
    await again.close()
  })

  test('F01 W1 what was acknowledged before kill -9 is there after it, in unbroken chains', async () => {
    const writer = fileURLToPath(new URL('./sqlite-file.writer.ts', import.meta.url))
    const acknowledged = new Set<string>()
    for (let cycle = 0; cycle < 3; cycle++) {
      const child = fork(writer, [path, `cycle-${cycle}`], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      await new Promise<void>((resolve) => {
        let heard = 0
        child.on('message', (keys: string[]) => {
          for (const key of keys) acknowledged.add(key)
          heard += keys.length
          if (heard > 2000) resolve()
        })
      })
      child.kill('SIGKILL')
      await once(child, 'exit')
      const store = open()
      const held = new Set<string>()
      for (const { uid } of await store.journal.unfinished()) {
        const records = await store.journal.read({ run: uid })
        expect(verifyChain(records)).toMatchObject({ type: 'intact' })
        for (const { key } of records) held.add(`${uid} ${key}`)
      }
      expect([...acknowledged].filter((key) => !held.has(key))).toEqual([])
      await store.close()
    }
    expect(acknowledged.size).toBeGreaterThan(6000)
  })
})
