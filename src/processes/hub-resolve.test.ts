import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RecordBody } from '../domain/journal/record.ts'
import { stepPlan } from '../domain/run/testing/journal-of.ts'
import { paths, type ResolveReply } from '../hub/wire.ts'
import { runKey, submitted, taskOf } from '../ports/store.fixtures.ts'
import { createTestHub, investigator, journalPath, reader, type TestHub } from './hub.fixtures.ts'

let hub: TestHub
beforeEach(() => {
  hub = createTestHub()
})
afterEach(() => hub.store.close())

const path = paths.resolve.replace(':namespace', 'incident-response').replace(':name', 'incident-001')
const resolve = (body: unknown, token = reader) => hub.post(path, { token, body })

const begun: RecordBody = {
  type: 'run.started',
  snapshot: {
    kind: 'team',
    namespace: 'incident-response',
    source: 'incident-responder',
    steps: [stepPlan({ name: taskOf().step })],
    input: {},
  },
  snapshotHash: 'h',
}

const endUnknown = async (): Promise<void> => {
  const { step, attempt } = taskOf()
  const call = { step, attempt, turn: 1, call: 0, server: 'slack', tool: 'post_message' }
  await hub.store.journal.append({
    run: runKey(),
    records: [
      begun,
      submitted(taskOf()),
      { type: 'tool.intended', ...call, arguments: {}, effect: 'write', idempotencyKey: 'key' },
      { type: 'tool.outcome-unknown', ...call, message: 'nobody knows' },
      { type: 'step.failed', step, reason: 'OutcomeUnknown', message: 'nobody knows' },
      { type: 'run.finished', phase: 'Failed', reason: 'OutcomeUnknown', message: 'nobody knows' },
    ],
  })
}

test('a person’s word is recorded under the person’s name, and the run is open again', async () => {
  await endUnknown()
  const response = await resolve({ outcome: 'done', result: 'posted as 17' })
  expect((await response.json()) as ResolveReply).toEqual({
    step: taskOf().step,
    calls: ['slack/post_message'],
    by: 'reader',
    reopened: true,
    left: [],
  })
  const records = await hub.store.journal.read({ run: runKey().uid })
  expect(records.slice(-2)).toMatchObject([
    { type: 'tool.resolved', outcome: 'done', by: 'reader', result: { head: 'posted as 17' } },
    { type: 'run.reopened', round: 2, by: 'reader' },
  ])
  expect(await hub.store.journal.unfinished()).toMatchObject([{ uid: runKey().uid, phase: 'Running' }])
})

test('two words at once: the first counts, the other is told of it', async () => {
  await endUnknown()
  const words = ['done', 'not-done', 'done', 'not-done']
  const answers = await Promise.all(words.map((outcome) => resolve({ outcome })))
  const records = await hub.store.journal.read({ run: runKey().uid })
  const said = records.filter((record) => record.type === 'tool.resolved')
  expect(said).toHaveLength(1)
  expect(records.filter(({ type }) => type === 'run.reopened')).toHaveLength(1)
  for (const [index, { status }] of answers.entries()) {
    expect([200, 400, 409]).toContain(status)
    if (status === 200) expect(words[index]).toBe(said[0]?.outcome)
  }
})

test.each([
  { reason: 'a stranger', token: '', status: 401 },
  { reason: 'an agent', token: investigator, status: 401 },
  { reason: 'someone who may not update the run', token: 'user:other', status: 403 },
])('$reason resolves nothing', async ({ token, status }) => {
  await endUnknown()
  expect((await resolve({ outcome: 'done' }, token)).status).toBe(status)
  expect((await hub.store.journal.read({ run: runKey().uid })).at(-1)?.type).toBe('run.finished')
})

test.each([
  { what: 'an outcome that is none', body: { outcome: 'maybe' }, status: 400 },
  { what: 'a step without unknown calls', body: { outcome: 'done', step: 'other' }, status: 404 },
  { what: 'a result of what was not done', body: { outcome: 'not-done', result: 'x' }, status: 400 },
])('$what is refused', async ({ body, status }) => {
  await endUnknown()
  expect((await resolve(body)).status).toBe(status)
})

test('a run that does not wait for a word, or is not there, is refused', async () => {
  expect((await resolve({ outcome: 'done' })).status).toBe(404)
  await hub.store.journal.append({ run: runKey(), records: [begun] })
  expect((await resolve({ outcome: 'done' })).status).toBe(400)
})

test('a follower of a reopened run sees its first end and reads on to the second', async () => {
  await endUnknown()
  await resolve({ outcome: 'done' })
  const response = await hub.get(journalPath('incident-001', '?follow=true'), { token: reader })
  const reading = response.text()
  const settled = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done))
  }
  await settled()
  await hub.store.journal.append({
    run: runKey(),
    records: [{ type: 'run.finished', phase: 'Succeeded', reason: 'Succeeded', message: '', round: 2 }],
  })
  await settled()
  // Long enough for a follower to be sent what a burst brought.
  hub.clock.advance(100)
  expect((await reading).trim().split('\n')).toHaveLength(9)
})
