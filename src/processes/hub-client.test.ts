import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connectHub, type HubClient } from '../adapters/hub-client/hub-client.ts'
import { tokenFile } from '../adapters/hub-client/token-file.ts'
import { openSqliteStore } from '../adapters/sql/sqlite.ts'
import { storeText } from '../domain/journal/stored-text.ts'
import {
  agentKey,
  completed,
  intended,
  policyOf,
  requested,
  responded,
  runKey,
  submitted,
  taskOf,
} from '../ports/store.fixtures.ts'
import type { Store } from '../ports/store.ts'
import { startHub, type RunningHub } from './hub.ts'
import { investigator, plainTokens } from './hub.fixtures.ts'
import { systemClock } from './system-clock.ts'
import { silentLogger } from '../ports/silent-logger.ts'

describe('an agent’s client and the hub', () => {
  let directory: string
  let store: Store
  let hub: RunningHub
  let client: HubClient
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'kubeswarm-hub-'))
    const path = join(directory, 'token')
    writeFileSync(path, investigator)
    store = openSqliteStore({ path: ':memory:', clock: systemClock })
    await store.policies.put(policyOf())
    hub = await startHub({
      store,
      authenticator: plainTokens,
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      logger: silentLogger,
    })
    client = connectHub({ url: hub.url, token: tokenFile(path), clock: systemClock, random: Math.random })
  })
  afterEach(async () => {
    await client.close()
    await hub.close()
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const lease = (waitMs = 5000) =>
    client.lease({ holder: 'pod-1', waitMs, signal: new AbortController().signal })

  test('a task goes through every call of the wire', async () => {
    const task = taskOf()
    const waiting = lease()
    await store.tasks.submit({ task, records: [submitted(task)] })
    const assigned = await waiting
    expect(assigned).toMatchObject({ task, fence: 1, policy: policyOf(), history: [] })
    const proof = { task: task.id, fence: 1 }
    expect((await client.reserve({ ...proof, record: requested(task) })).reservation).toEqual({
      type: 'reserved',
    })
    const text = 'é'.repeat(10_000)
    const standing = await client.record({
      ...proof,
      records: [responded(task, { text }), intended(task)],
      contents: [text],
    })
    expect(standing.policy).toEqual(policyOf())
    expect(await client.content(storeText(text).sha256)).toBe(text)
    expect(await client.content(storeText('never written').sha256)).toBeUndefined()
    expect(Date.parse((await client.heartbeat(proof)).expiresAt)).toBeGreaterThan(
      Date.parse(assigned?.expiresAt ?? ''),
    )
    await client.release(proof)
    const next = await lease()
    expect(next?.history.map(({ type }) => type)).toEqual(['llm.requested', 'llm.responded', 'tool.intended'])
    await expect(client.record({ ...proof, records: [intended(task, { turn: 2 })] })).rejects.toMatchObject({
      code: 'StaleLease',
    })
    await client.finish({ task: task.id, fence: 2, records: [completed(task)] })
    expect((await store.journal.read({ run: runKey().uid })).at(-1)?.type).toBe('task.completed')
    expect(await lease(0)).toBeUndefined()
  })

  test('an agent without a policy is told that it may do nothing yet', async () => {
    await store.policies.remove(agentKey())
    await expect(lease(0)).rejects.toMatchObject({ code: 'HubUnavailable', retryable: true })
  })
})
