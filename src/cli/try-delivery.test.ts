import { expect, test } from 'vitest'
import { apiVersion, type SwarmEvent, type WebhookSource } from '../api/v1alpha1/index.ts'
import type { PresetName } from '../domain/trigger/presets.ts'
import { trialLines } from './output/trial-lines.ts'
import { tryDelivery } from './try-delivery.ts'
import { readSample, sampleNames } from './webhook-samples.ts'

const now = Date.UTC(2026, 8, 1, 12)
const secret = 'a'.repeat(64)
const eventWith = (webhook: WebhookSource, alert = '{{ .trigger.alert.title }}'): SwarmEvent => ({
  apiVersion,
  kind: 'SwarmEvent',
  metadata: { name: 'pages', namespace: 'ns' },
  spec: { source: { type: 'webhook', webhook }, targets: [{ team: 'responder', input: { alert } }] },
})
const trial = ({
  event,
  sample,
  headers = {},
}: {
  readonly event: SwarmEvent
  readonly sample: string
  readonly headers?: Readonly<Record<string, string>>
}) => {
  const delivery = readSample({ name: sample, now, id: '01NEW' })
  return tryDelivery({
    event,
    namespace: 'ns',
    delivery: { ...delivery, headers: { ...delivery.headers, ...headers } },
    id: '01NEW',
    now,
    secrets: [secret],
    teams: new Map(),
    agents: new Map(),
  })
}
const presetOf = (sample: string) =>
  (['pagerduty', 'alertmanager', 'grafana', 'github', 'standard-webhooks', 'cloudevents'] as const).find(
    (name) => sample.startsWith(name),
  ) as PresetName

test.each(sampleNames())('%s is understood by its preset, as new as if it were sent now', (sample) => {
  const { outcome, signature } = trial({ event: eventWith({ preset: presetOf(sample) }), sample })
  expect(['Started', 'Filtered']).toContain(outcome)
  expect(signature.verdict).toBe('makeable')
})

test('a template for an imagined body fits no sample, and the trial says what would', () => {
  for (const sample of sampleNames().filter((name) => !name.endsWith('-ping'))) {
    const result = trial({ event: eventWith({}, '{{ .trigger.body.incident.title }}'), sample })
    expect([sample, result.outcome, result.better?.preset]).toEqual([sample, 'Quarantined', presetOf(sample)])
    expect(trialLines(result).join('\n')).toContain('.trigger.body.incident is not in the data')
  }
})

test('what would start is told with its inputs, and a team that is missing by name', () => {
  const lines = trialLines(trial({ event: eventWith({ preset: 'pagerduty' }), sample: 'pagerduty' })).join(
    '\n',
  )
  expect(lines).toContain('starts     a run of SwarmTeam responder, which would fail')
  expect(lines).toContain('alert: High error rate on payments-api')
  expect(lines).toContain('dedup key  id:01NEW')
})

test('a signature that comes with the delivery is checked', () => {
  const headers = { 'x-pagerduty-signature': `v1=${'0'.repeat(64)}` }
  const result = trial({ event: eventWith({ preset: 'pagerduty' }), sample: 'pagerduty', headers })
  expect(result.signature.verdict).toBe('refused')
  expect(trialLines(result).join('\n')).toContain('the hub would answer 401')
})
