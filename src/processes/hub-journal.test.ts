import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JournalRecord } from '../domain/journal/record.ts'
import { paths } from '../hub/wire.ts'
import { completed, finished, runKey, started, submitted, taskOf } from '../ports/store.fixtures.ts'
import { createTestHub, investigator, journalPath, reader, type TestHub } from './hub.fixtures.ts'

describe('the readers’ paths', () => {
  let hub: TestHub
  beforeEach(() => {
    hub = createTestHub()
  })
  afterEach(() => hub.store.close())

  const append = (...records: Parameters<typeof hub.store.journal.append>[0]['records']) =>
    hub.store.journal.append({ run: runKey(), records })
  const recordsOf = (text: string) =>
    text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as JournalRecord]))
  const typesOf = (text: string) => recordsOf(text).map(({ type }) => type)
  const settled = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  /** Long enough for a follower to be sent what a burst brought. */
  const gathered = async () => {
    await settled()
    hub.clock.advance(100)
    await settled()
  }

  test('the journal is one record a line, from a number on', async () => {
    await append(started(), submitted(taskOf()), finished())
    const response = await hub.get(journalPath('incident-001'), { token: reader })
    expect(response.headers.get('content-type')).toMatch(/^application\/x-ndjson/)
    expect(recordsOf(await response.text())).toEqual(await hub.store.journal.read({ run: runKey().uid }))
    const rest = await hub.get(journalPath('incident-001', '?after=1'), { token: reader })
    expect(typesOf(await rest.text())).toEqual(['step.submitted', 'run.finished'])
  })

  test.each([
    { reason: 'a stranger', token: undefined, status: 401 },
    { reason: 'someone whom RBAC does not let read it', token: 'user:other', status: 403 },
    { reason: 'an agent', token: investigator, status: 401 },
  ])('the journal is closed to $reason, whether or not the run exists', async ({ token, status }) => {
    await append(started())
    for (const name of ['incident-001', 'nowhere']) {
      const response = await hub.get(journalPath(name), token === undefined ? {} : { token })
      expect(response.status).toBe(status)
    }
  })

  test('a run without a journal is 404', async () => {
    expect((await hub.get(journalPath('nowhere'), { token: reader })).status).toBe(404)
    expect((await hub.get(journalPath('nowhere', '?after=x'), { token: reader })).status).toBe(400)
  })

  test('a follower gets what is there, then each record, and ends after the run', async () => {
    await append(started())
    const response = await hub.get(journalPath('incident-001', '?follow=true'), { token: reader })
    const reading = response.text()
    await settled()
    await append(submitted(taskOf()))
    await gathered()
    await append(finished())
    await gathered()
    expect(typesOf(await reading)).toEqual(['run.started', 'step.submitted', 'run.finished'])
  })

  test('a follower of a finished run gets its journal and the end', async () => {
    await append(started(), finished())
    const response = await hub.get(journalPath('incident-001', '?follow=true'), { token: reader })
    expect(typesOf(await response.text())).toEqual(['run.started', 'run.finished'])
  })

  test('a follower that came before the first record waits for it', async () => {
    const response = hub.get(journalPath('incident-001', '?follow=true'), { token: reader })
    await settled()
    await append(started(), finished())
    expect(typesOf(await (await response).text())).toEqual(['run.started', 'run.finished'])
  })

  test('a follower that names the uid is not given an earlier run of the same name', async () => {
    await hub.store.journal.append({ run: { ...runKey(), uid: 'old' }, records: [started(), finished()] })
    expect((await hub.get(journalPath('incident-001', '?uid=new'), { token: reader })).status).toBe(404)
    const response = hub.get(journalPath('incident-001', '?follow=true&uid=new'), { token: reader })
    await settled()
    hub.clock.advance(1)
    await hub.store.journal.append({ run: { ...runKey(), uid: 'new' }, records: [started(), finished()] })
    expect(recordsOf(await (await response).text()).map(({ run }) => run)).toEqual(['new', 'new'])
  })

  test('an idle stream sends an empty line every 15 s', async () => {
    await append(started())
    const response = await hub.get(journalPath('incident-001', '?follow=true'), { token: reader })
    const reading = response.text()
    await settled()
    hub.clock.advance(15_000)
    await settled()
    hub.clock.advance(15_000)
    await settled()
    await append(finished())
    await gathered()
    const text = await reading
    expect(text.split('\n').filter((line) => line === '').length).toBeGreaterThanOrEqual(2)
    expect(typesOf(text)).toEqual(['run.started', 'run.finished'])
  })

  test('F12 streams end when the hub shuts down', async () => {
    await append(started())
    const response = await hub.get(journalPath('incident-001', '?follow=true'), { token: reader })
    const reading = response.text()
    await settled()
    hub.closing.abort()
    expect(typesOf(await reading)).toEqual(['run.started'])
  })

  test('a step’s output is given whole', async () => {
    const output = 'é'.repeat(10_000)
    const task = taskOf()
    await hub.store.journal.append({
      run: runKey(),
      records: [started(), completed(task, output)],
      contents: [output],
    })
    const path = paths.stepOutput.replace(':namespace', 'incident-response').replace(':name', 'incident-001')
    expect(await (await hub.get(path.replace(':step', 'investigator'), { token: reader })).text()).toBe(
      output,
    )
    expect((await hub.get(path.replace(':step', 'notifier'), { token: reader })).status).toBe(404)
  })
})
