// The example's notifications on an embedded cluster: a run ends, the mock Slack is told, and a person tries the channel.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { apiOf, type Api } from './support/api.ts'
import { applierOf, type Applier, type Manifest } from './support/apply.ts'
import { example, ledgerOf, namespace } from './support/story.ts'
import { startDevProcess, swarm, type DevProcess } from './support/swarm.ts'

let dev: DevProcess
let api: Api
let applier: Applier
const kinds = `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}`
const cli = (...args: readonly string[]) =>
  swarm([...args, '-n', namespace], { environment: { KUBECONFIG: dev.kubeconfig } })

interface Notify {
  readonly status?: {
    readonly sentCount?: number
    readonly conditions?: readonly { readonly reason: string }[]
  }
}
interface Event {
  readonly status?: {
    readonly nextFireAt?: string
    readonly firedCount?: number
    readonly conditions?: readonly { readonly reason: string }[]
  }
}
const until = {
  sent: (count: number) =>
    api.until<Notify>(`${kinds}/swarmnotifies/on-call`, ({ status }) => (status?.sentCount ?? 0) >= count),
}

beforeAll(async () => {
  dev = await startDevProcess({ args: ['--ephemeral', '--script', 'responder', example] })
  api = apiOf(dev.kubeconfig)
  applier = applierOf(dev)
  for (const file of ['notify.yaml', 'incident-report.yaml'])
    for (const document of parseAllDocuments(readFileSync(join(example, 'notify', file), 'utf8')))
      expect(await applier.apply(document.toJS() as Manifest)).toMatchObject({ accepted: true })
  const ref = { spec: { notifyRef: { name: 'on-call' } } }
  await api.send('PATCH', `${kinds}/swarmteams/incident-responder`, {
    contentType: 'application/merge-patch+json',
    body: ref,
  })
})
afterAll(async () => {
  applier?.close()
  await dev?.stop()
})

test('the end of the run is in the ledger of Slack once, and a run of its own follows it', async () => {
  expect((await cli('run', '-f', join(example, 'second-incident.yaml'))).exitCode).toBe(0)
  await until.sent(1)
  const told = (await ledgerOf({ api, server: 'slack' })).filter(({ tool }) => tool === 'chat.postMessage')
  expect(told).toHaveLength(1)
  expect(told[0]?.arguments['text']).toMatch(/^incident-responder succeeded/)
  await api.until<Event>(
    `${kinds}/swarmevents/after-an-incident`,
    ({ status }) => status?.firedCount === 1 && status.conditions?.[0]?.reason === 'Watching',
  )
})

test('the schedule says when it comes', async () => {
  const { status } = await api.until<Event>(
    `${kinds}/swarmevents/weekday-drill`,
    (event) => event.status?.nextFireAt !== undefined,
  )
  const next = new Date(status?.nextFireAt ?? '')
  expect(next.getTime()).toBeGreaterThan(Date.now())
  const shown = next.toLocaleString('en-GB', {
    timeZone: 'Europe/Berlin',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  })
  expect(shown).toMatch(/^(Mon|Tue|Wed|Thu|Fri).* 09:30$/)
})

test('a circle of teams is refused by name', async () => {
  const { accepted, said } = await applier.apply({
    apiVersion: 'kubeswarm.io/v1alpha1',
    kind: 'SwarmEvent',
    metadata: { name: 'circle', namespace },
    spec: {
      source: { type: 'team-output', teamOutput: { name: 'incident-responder' } },
      targets: [{ team: 'incident-responder', input: { alert: 'again' } }],
    },
  })
  expect(accepted).toBe(false)
  expect(said).toContain('incident-responder → incident-responder')
})

test('swarm notify test shows it, sends it, and says what came of it', async () => {
  const shown = await cli('notify', 'test', 'on-call', '--event', 'TeamFailed')
  expect(shown.exitCode, shown.stderr).toBe(0)
  expect(shown.stdout).toContain('channels[0]: Slack #incidents as a bot')
  const sent = await cli('notify', 'test', 'on-call', '--event', 'TeamTimedOut', '--send', '-o', 'json')
  expect(sent.exitCode, sent.stderr).toBe(0)
  expect(sent.stderr).toContain('channels[0]: taken')
  expect((await ledgerOf({ api, server: 'slack' })).at(-1)?.arguments['text']).toMatch(
    /^incident-responder ran out of time/,
  )
  const unknown = await cli('notify', 'test', 'on-cal')
  expect(unknown.exitCode).toBe(3)
  expect(unknown.stderr).toContain('did you mean on-call?')
})

test('what was given up is sent again when a person says so', async () => {
  await api.send('POST', `/api/v1/namespaces/${namespace}/services/mock-slack:control/proxy/__fault`, {
    contentType: 'application/json',
    body: { tool: 'chat.postMessage', mode: 'error', message: 'invalid_auth', times: 1 },
  })
  const refused = await cli('notify', 'test', 'on-call', '--send')
  expect(refused.exitCode).toBe(5)
  expect(refused.stderr).toContain('Slack said invalid_auth')
  const before = (await api.ok<Notify>('GET', `${kinds}/swarmnotifies/on-call`)).status?.sentCount ?? 0
  const again = await cli('notify', 'resend', 'on-call')
  expect(again.stdout).toContain('1 messages get another life')
  await until.sent(before + 1)
})
