import { request } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqliteStore } from '../adapters/sql/sqlite.ts'
import type { JournalRecord } from '../domain/journal/record.ts'
import { paths, type LeaseReply } from '../hub/wire.ts'
import { agentKey, finished, policyOf, runKey, started, submitted, taskOf } from '../ports/store.fixtures.ts'
import type { Store } from '../ports/store.ts'
import { startHub, type RunningHub } from './hub.ts'
import { investigator, journalPath, notifier, plainTokens, reader } from './hub.fixtures.ts'
import { systemClock } from './system-clock.ts'
import { silentLogger } from '../ports/silent-logger.ts'

describe('the hub on a real port', () => {
  let store: Store
  let hub: RunningHub
  beforeEach(async () => {
    store = openSqliteStore({ path: ':memory:', clock: systemClock })
    await store.policies.put(policyOf())
    await store.policies.put(policyOf({ agent: agentKey('incident-notifier') }))
    hub = await start(0)
  })
  afterEach(async () => {
    await hub.close()
    await store.close()
  })

  const start = (port: number) =>
    startHub({
      store,
      authenticator: plainTokens,
      host: '127.0.0.1',
      port,
      clock: systemClock,
      logger: silentLogger,
    })
  const submit = (task = taskOf()) => store.tasks.submit({ task, records: [submitted(task)] })
  const lease = (
    token: string,
    { waitMs = 50_000, signal }: { waitMs?: number; signal?: AbortSignal } = {},
  ) =>
    request(hub.url + paths.lease, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ holder: 'pod-1', waitMs }),
      ...(signal === undefined ? {} : { signal }),
    })
  /** Long enough for requests under way to have reached the store. */
  const arrived = () => new Promise((resolve) => setTimeout(resolve, 300))

  test('a long poll is answered by a submit, and only that of the right agent', async () => {
    const mine = lease(investigator)
    const others = lease(notifier, { waitMs: 500 })
    await arrived()
    await submit()
    const response = await mine
    expect(response.statusCode).toBe(200)
    expect(((await response.body.json()) as LeaseReply).task).toEqual(taskOf())
    expect((await others).statusCode).toBe(204)
  })

  test('a caller that has gone away takes no task', async () => {
    const abort = new AbortController()
    const gone = lease(investigator, { signal: abort.signal })
    await arrived()
    abort.abort()
    await expect(gone).rejects.toMatchObject({ name: 'AbortError' })
    await arrived()
    await submit()
    // Had the lost caller got it, nobody else would for an hour.
    const response = await lease(investigator)
    expect(((await response.body.json()) as LeaseReply).task).toEqual(taskOf())
  })

  test('F07 32 parallel polls over HTTP get each task once', async () => {
    const polls = Array.from({ length: 32 }, () => lease(investigator))
    await arrived()
    await Promise.all(
      Array.from({ length: 32 }, (_, index) => submit(taskOf({ run: runKey(`run-${index}`) }))),
    )
    const replies = await Promise.all(
      polls.map(async (poll) => (await (await poll).body.json()) as LeaseReply),
    )
    expect(new Set(replies.map(({ task }) => task.id)).size).toBe(32)
    expect(new Set(replies.map(({ fence }) => fence))).toEqual(new Set([1]))
  })

  test('a followed journal streams while the run goes on', async () => {
    await store.journal.append({ run: runKey(), records: [started()] })
    const { body } = await request(hub.url + journalPath('incident-001', '?follow=true'), {
      headers: { authorization: `Bearer ${reader}` },
    })
    const seen: string[] = []
    for await (const chunk of body.setEncoding('utf8')) {
      for (const line of String(chunk).split('\n')) {
        if (line === '') continue
        const { type } = JSON.parse(line) as JournalRecord
        seen.push(type)
        // Each next record is written only after the one before it was seen.
        if (type === 'run.started')
          await store.journal.append({ run: runKey(), records: [submitted(taskOf())] })
        if (type === 'step.submitted') await store.journal.append({ run: runKey(), records: [finished()] })
      }
    }
    expect(seen).toEqual(['run.started', 'step.submitted', 'run.finished'])
  })

  test('F12 closing ends polls and streams at once', async () => {
    await store.journal.append({ run: runKey(), records: [started()] })
    const poll = lease(investigator)
    const stream = await request(hub.url + journalPath('incident-001', '?follow=true'), {
      headers: { authorization: `Bearer ${reader}` },
    })
    await arrived()
    const [response, text] = await Promise.all([poll, stream.body.text(), hub.close()])
    expect(response.statusCode).toBe(204)
    expect(text).toContain('run.started')
  })

  test('a port that is taken is named, with what to do', async () => {
    const port = Number(new URL(hub.url).port)
    await expect(start(port)).rejects.toMatchObject({
      code: 'PortTaken',
      message: expect.stringContaining(`${port}`),
    })
  })
})
