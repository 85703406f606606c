// `swarm demo` as somebody types it first: the story ends well, is told honestly, and leaves nothing behind.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { canSeeProcesses, processesOf } from './support/processes.ts'
import { swarm } from './support/swarm.ts'

// Everything the demo makes is in here, so what is left of it can be told from what others run.
const temporary = mkdtempSync(join(tmpdir(), 'demo-'))
afterAll(() => rmSync(temporary, { recursive: true, force: true }))
const environment = {
  TMPDIR: temporary,
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'node-compile-cache'),
}
if (!canSeeProcesses) console.log('not checked: processes left running; there is no /proc on this machine')

const expectNothingLeft = () => {
  expect(readdirSync(temporary)).toEqual([])
  if (canSeeProcesses) expect(processesOf(temporary)).toEqual([])
}

test('the demo shows the run, what the servers received, and which model it was, at the top and at the bottom', async () => {
  const { exitCode, stdout, stderr } = await swarm(['demo'], { environment })
  expectNothingLeft()
  expect(exitCode, stderr).toBe(0)

  const lines = stdout.split('\n')
  const model = lines.flatMap((line, index) =>
    /model: .*the scripted model, not a real one/i.test(line) ? [index] : [],
  )
  expect(model).toHaveLength(2)
  expect(model[0]).toBeLessThan(3)
  expect(model[1]).toBeGreaterThan(lines.length - 5)

  expect(stdout).toContain('run started: team incident-responder (investigator → diagnostician → notifier)')
  for (const call of [
    'pagerduty/get_incident',
    'grafana/query_logs',
    'grafana/query_metrics',
    'slack/post_message',
    'pagerduty/acknowledge_incident',
  ]) {
    expect(stdout).toMatch(new RegExp(`✓ \\w+ +${call} +allowed`))
  }
  expect(stdout).toContain('run Succeeded')
  expect(stdout).toMatch(
    /What Slack received, in #incidents:\n {2}│ \*Incident Summary\*\n {2}│ \*\*Service:\*\* payments-api\n/,
  )
  expect(stdout).toContain('What PagerDuty received: acknowledge_incident P-48291')
  expect(stdout).toMatch(/incident-diagnostician +denied +denied +denied +denied +denied\n/)
})

test('-o json is one object with what the ledgers hold and where the time went', async () => {
  const { exitCode, stdout, stderr } = await swarm(['demo', '--incident', 'certificate', '-o', 'json'], {
    environment,
  })
  expectNothingLeft()
  expect(exitCode, stderr).toBe(0)

  expect(stdout.trimEnd()).not.toContain('\n')
  const told = JSON.parse(stdout) as Record<
    'totalMs' | 'modelMs' | 'toolMs' | 'overheadMs' | 'demoMs',
    number
  > &
    Record<string, unknown>
  expect(told).toMatchObject({
    phase: 'Succeeded',
    model: { type: 'scripted' },
    slack: [{ channel: '#incidents' }],
    pagerduty: [{ incident_id: 'P-51022' }],
  })
  expect((told['slack'] as { text: string }[])[0]?.text).toContain('checkout-gateway')
  for (const part of [told.modelMs, told.toolMs, told.overheadMs]) expect(part).toBeGreaterThanOrEqual(0)
  expect(told.modelMs + told.toolMs + told.overheadMs).toBeCloseTo(told.totalMs, 5)
  expect(told.demoMs).toBeGreaterThan(told.totalMs)
  // The story is told all the same, where it does not disturb the program that reads the object.
  expect(stderr).toContain('What PagerDuty received: acknowledge_incident P-51022')
})

test('an incident nobody knows is refused before anything starts', async () => {
  const { exitCode, stdout, stderr } = await swarm(['demo', '--incident', 'flood'], { environment })
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toBe(
    'error: unknown incident "flood"\n  fix: --incident database or certificate\n  code: Usage\n',
  )
  expectNothingLeft()
})
