// The audit trail and the trace as people ask for them, of a run of the example; and what a changed database does to
// its verification.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { example, namespace } from './support/story.ts'
import { startDevProcess, swarm, type DevProcess } from './support/swarm.ts'

let dev: DevProcess
const state = mkdtempSync(join(tmpdir(), 'audit-'))
const start = () => startDevProcess({ args: ['--state', state, '--script', 'responder', example] })
beforeAll(async () => {
  dev = await start()
  const story = await swarm([
    'run',
    'incident-responder',
    '-i',
    'alert=High error rate on payments-api',
    '-i',
    'incidentId=P-48291',
    '--name',
    'incident-001',
    ...there(),
  ])
  expect(story.stderr).toContain('run Succeeded')
})
afterAll(async () => {
  await dev?.stop()
  rmSync(state, { recursive: true, force: true })
})

const there = () => ['-n', namespace, '--kubeconfig', dev.kubeconfig]
const ask = async (...args: readonly string[]): Promise<string> => {
  const { exitCode, stdout, stderr } = await swarm([...args, ...there()])
  expect(exitCode, stderr).toBe(0)
  return stdout
}

test('swarm audit tells each call with its agent, arguments and fate', async () => {
  const table = await ask('audit', '--run', 'incident-001')
  expect(table).toMatch(/^TIME +RUN +AGENT +KIND +WHAT +STATUS +DETAIL\n/)
  expect(table).toMatch(/incident-notifier +tool +slack\/post_message +ok +\{.*#incidents/)
  expect(table).toMatch(/run +Succeeded +ok/)
})

test('filters narrow it, -o json gives one entry a line, --tree goes by run and step', async () => {
  const posts = (await ask('audit', '--tool', 'slack/*', '--agent', 'incident-notifier', '-o', 'json'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(posts.map(({ subject }) => subject)).toContain('slack/post_message')
  expect(posts.every(({ agent, run }) => agent === 'incident-notifier' && run === 'incident-001')).toBe(true)
  expect(await ask('audit', '--since', '1h', '--status', 'ok', '-A')).toMatch(/^NAMESPACE/)
  expect(await ask('audit', '--tree')).toMatch(
    /^incident-response\/incident-001\n(?: {2}\S.*\n){2} {2}investigator incident-investigator\n {4}\S/,
  )
  const nothing = await swarm(['audit', '--agent', 'nobody', ...there()])
  expect([nothing.exitCode, nothing.stdout, nothing.stderr]).toEqual([0, '', 'nothing was found\n'])
})

test('swarm trace shows the tree with durations and tokens', async () => {
  const tree = await ask('trace', 'run/incident-001')
  expect(tree).toMatch(/^team incident-responder +\d.* s {2}Succeeded {2}\d+ in, \d+ out/)
  expect(tree).toMatch(/├─ investigator \(incident-investigator\) +\d.* s {2}Succeeded/)
  expect(tree).toMatch(/│ {2}│ {2}└─ grafana\/query_\w+ +\d.* s {2}ok/)
  expect(tree).toMatch(/\nTime: .*\nTokens: \d+ in, \d+ out of /)
  const json = JSON.parse(await ask('trace', 'incident-001', '-o', 'json')) as { children: unknown[] }
  expect(json.children).toHaveLength(3)
})

test('F10 --verify finds what somebody changed in the database, names the record, and exits with 1', async () => {
  expect(await ask('audit', '--verify')).toMatch(/^1 run with \d+ records: every chain is intact\n$/)
  expect(await ask('audit', '--verify', '--run', 'incident-001')).toMatch(
    /incident-001: intact, \d+ records, head [0-9a-f]{64}\n/,
  )
  await dev.stop()
  const file = readdirSync(state, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.db'))
  const database = new DatabaseSync(join(state, file ?? ''))
  database.exec(
    `UPDATE records SET body = replace(body, '#incidents', '#incidentz') WHERE record_key LIKE 'tool.intended/notifier%'`,
  )
  database.close()
  dev = await start()
  const { exitCode, stdout } = await swarm(['audit', '--verify', ...there()])
  expect(exitCode).toBe(1)
  expect(stdout).toMatch(
    /^incident-response\/incident-001 \(.+\): record \d+: its content does not match its hash\n1 of 1 runs are broken/,
  )
})
