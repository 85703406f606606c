import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AuditEntry } from '../domain/journal/audit.ts'
import { paths, type Verification } from '../hub/wire.ts'
import { completed, finished, intended, runKey, started, submitted, taskOf } from '../ports/store.fixtures.ts'
import { createTestHub, investigator, reader, type TestHub } from './hub.fixtures.ts'

let hub: TestHub
beforeEach(() => {
  hub = createTestHub()
})
afterEach(() => hub.store.close())

const auditPath = paths.audit.replace(':namespace', 'incident-response')
const verificationPath = paths.verification.replace(':namespace', 'incident-response')
const lines = async <T>(path: string): Promise<readonly T[]> => {
  const response = await hub.get(path, { token: reader })
  const text = await response.text()
  expect(response.status, text).toBe(200)
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as T]))
}
const runs = async (...names: readonly string[]): Promise<void> => {
  for (const name of names) {
    const run = runKey(name)
    const task = taskOf({ run })
    const { step, attempt } = task
    const call = { step, attempt, turn: 1, call: 1, server: 'slack', tool: 'delete_message' }
    await hub.store.journal.append({
      run,
      records: [
        started(),
        submitted(task),
        intended(task),
        { type: 'tool.denied', ...call, arguments: {}, reason: 'NotAllowed', rule: 'r', message: 'm' },
        completed(task),
        finished(),
      ],
      contents: ['done'],
    })
    hub.clock.advance(60_000)
  }
}
const told = (entries: readonly AuditEntry[]) => entries.map(({ run, subject }) => `${run} ${subject}`)

test('the trail of a namespace is in the order of time, over its runs', async () => {
  await runs('a', 'b')
  expect(told(await lines<AuditEntry>(auditPath))).toEqual([
    'a started',
    'a slack/post_message',
    'a slack/delete_message',
    'a Succeeded',
    'b started',
    'b slack/post_message',
    'b slack/delete_message',
    'b Succeeded',
  ])
})

test.each([
  { query: '?run=b&status=denied', expected: ['b slack/delete_message'] },
  { query: '?tool=slack/post_*&limit=1', expected: ['c slack/post_message'] },
  { query: '?status=denied&limit=2', expected: ['b slack/delete_message', 'c slack/delete_message'] },
  { query: '?agent=nobody', expected: [] },
])('$query', async ({ query, expected }) => {
  await runs('a', 'b', 'c')
  expect(told(await lines<AuditEntry>(auditPath + query))).toEqual(expected)
})

test('nothing from before "since"', async () => {
  await runs('a')
  const since = new Date(hub.clock.now()).toISOString()
  await runs('b')
  expect(told(await lines<AuditEntry>(`${auditPath}?tool=slack/post_message&since=${since}`))).toEqual([
    'b slack/post_message',
  ])
})

test('F66 a limit holds over thousands of runs, which are read page by page', async () => {
  const names = Array.from({ length: 250 }, (_, index) => `run-${index}`)
  await runs(...names)
  const entries = await lines<AuditEntry>(`${auditPath}?status=denied&limit=3`)
  expect(entries.map(({ run }) => run)).toEqual(['run-247', 'run-248', 'run-249'])
  const oldest = await lines<AuditEntry>(`${auditPath}?run=run-0&status=denied`)
  expect(oldest).toHaveLength(1)
})

test('verification answers for each run, the newest first', async () => {
  await runs('a', 'b')
  expect(await lines<Verification>(verificationPath)).toMatchObject([
    { run: 'b', result: { type: 'intact', records: 6 } },
    { run: 'a', result: { type: 'intact', records: 6 } },
  ])
  expect(await lines<Verification>(`${verificationPath}?run=a`)).toHaveLength(1)
})

test.each([
  { reason: 'a stranger', token: undefined, status: 401 },
  { reason: 'someone who may not list runs', token: 'user:other', status: 403 },
  { reason: 'an agent', token: investigator, status: 401 },
])('audit and verification are closed to $reason', async ({ token, status }) => {
  await runs('a')
  for (const path of [auditPath, verificationPath, paths.auditOfAll, paths.verificationOfAll])
    expect((await hub.get(path, token === undefined ? {} : { token })).status).toBe(status)
})

test('who may list one namespace is not shown all of them', async () => {
  expect((await hub.get(paths.auditOfAll, { token: reader })).status).toBe(403)
})

test.each(['?status=great', '?since=yesterday', '?limit=0', '?limit=100000'])(
  '%s is refused',
  async (query) => {
    expect((await hub.get(auditPath + query, { token: reader })).status).toBe(400)
  },
)
