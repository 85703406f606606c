import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { WebhookSource } from '../../api/v1alpha1/index.ts'
import { alertFields } from './alert.ts'
import { decideDelivery, type DecidedDelivery } from './decide-delivery.ts'
import { presets, type PresetName } from './presets.ts'

const directory = new URL('../../../samples/webhooks/', import.meta.url)
const samples = readdirSync(directory)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))
const presetOf = (sample: string): PresetName =>
  Object.keys(presets).find((name) => sample.startsWith(`${name}-`)) as PresetName
const bodyOf = (sample: string): Buffer => readFileSync(new URL(`${sample}.json`, directory))
const headersOf = (sample: string): Headers =>
  new Headers(
    readFileSync(new URL(`${sample}.headers`, directory), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(/: (.*)/s, 2) as [string, string]),
  )

const everyField = alertFields.map((field) => `{{ .trigger.alert.${field} }}`).join('|')
const decide = ({
  sample,
  body = bodyOf(sample),
  webhook = {},
  input = everyField,
  now = Date.UTC(2026, 3, 23, 3, 15),
}: {
  readonly sample: string
  readonly body?: Buffer
  readonly webhook?: Partial<WebhookSource>
  readonly input?: string
  readonly now?: number
}): DecidedDelivery => {
  const headers = headersOf(sample)
  const decision = decideDelivery({
    rules: {
      namespace: 'incident-response',
      event: 'alerts',
      uid: 'uid',
      webhook: { preset: presetOf(sample), ...webhook },
      targets: [{ team: 'responder', input: { alert: input } }],
    },
    header: (name) => headers.get(name) ?? undefined,
    body,
    now,
    newId: () => 'new',
  })
  if (decision.type !== 'delivery') throw new Error('it is a challenge')
  return decision
}
const inputOf = ({ runs }: DecidedDelivery): string =>
  (runs[0]?.manifest as { spec: { input: { alert: string } } } | undefined)?.spec.input.alert ?? ''
/** The body with one member changed. */
const changed = (sample: string, path: string, value?: unknown): Buffer => {
  const body = JSON.parse(bodyOf(sample).toString()) as Record<string, unknown>
  const names = path.split('.')
  const last = names.pop() ?? ''
  const parent = names.reduce<Record<string, unknown>>(
    (object, name) => object[name] as Record<string, unknown>,
    body,
  )
  if (value === undefined) delete parent[last]
  else parent[last] = value
  return Buffer.from(JSON.stringify(body))
}

describe('the samples that are shipped', () => {
  test('there is at least one for every preset', () => {
    expect(new Set(samples.map(presetOf))).toEqual(new Set(Object.keys(presets)))
  })

  test.each(samples.filter((name) => !name.endsWith('-ping')))(
    '%s renders every field of .trigger.alert',
    (sample) => {
      const decision = decide({ sample, webhook: { filter: 'true', maxAgeSeconds: 1e6 } })
      expect(decision.dropped).toBeUndefined()
      expect(inputOf(decision).split('|')).toHaveLength(alertFields.length)
      expect(decision.trigger.alert?.title).toMatch(/^example\/payments-api: |high ?error ?rate/i)
    },
  )

  test.each([
    ['pagerduty-triggered', undefined],
    ['pagerduty-acknowledged', 'Filtered'],
    ['pagerduty-annotated', 'Filtered'],
    ['pagerduty-resolved', 'Filtered'],
    ['pagerduty-ping', 'Filtered'],
    ['alertmanager-firing', undefined],
    ['alertmanager-resolved', 'Filtered'],
    ['grafana-firing', undefined],
    ['github-ping', 'Filtered'],
    ['github-workflow-failed', undefined],
    ['github-issue-opened', undefined],
    ['standard-webhooks-incident', undefined],
    ['cloudevents-structured', undefined],
    ['cloudevents-binary', undefined],
  ])('%s by the preset’s own filter: %s', (sample, reason) => {
    expect(decide({ sample }).dropped?.reason).toBe(reason)
  })
})

describe('an alert', () => {
  test('of PagerDuty has what the incident has, and the raw body beside it', () => {
    const decision = decide({
      sample: 'pagerduty-triggered',
      input: '{{ .trigger.alert.title }}: {{ .trigger.body.event.data.incident_key }}',
    })
    expect(inputOf(decision)).toBe('High error rate on payments-api: payments-api/http_5xx_rate')
    expect(decision.trigger.alert).toMatchObject({
      id: 'P-48291',
      description: 'Incident #48291, on payments-api, urgency high, priority P1',
      status: 'firing',
      severity: 'critical',
      service: 'payments-api',
      type: 'incident.triggered',
      url: 'https://example.pagerduty.com/incidents/P-48291',
    })
    expect(decision.subject).toEqual({ key: 'P-48291', occurredAt: Date.UTC(2026, 3, 23, 2, 45, 3) })
  })

  test('of Alertmanager and Grafana counts its alerts and joins their descriptions', () => {
    expect(decide({ sample: 'alertmanager-firing' }).trigger.alert).toMatchObject({
      title: 'High error rate on payments-api',
      description:
        '12.3% of the responses of payments-api-7d9c5b-x2x7k are 5xx\n11.8% of the responses of payments-api-7d9c5b-q8m2r are 5xx',
      count: 2,
      severity: 'critical',
      labels: { alertname: 'HighErrorRate' },
    })
    expect(decide({ sample: 'grafana-firing' }).trigger.alert).toMatchObject({
      title: '[FIRING:1] HighErrorRate payments (payments-api critical)',
      url: 'https://grafana.example.com/d/payments?orgId=1&viewPanel=2',
    })
  })

  test('of a CloudEvent is the same in binary and in structured mode', () => {
    const [binary, structured] = (['cloudevents-binary', 'cloudevents-structured'] as const).map(
      (sample) => decide({ sample }).trigger.alert,
    )
    expect(binary).toEqual(structured)
  })

  test('of GitHub tells the conclusion of a workflow', () => {
    expect(decide({ sample: 'github-workflow-failed' }).trigger.alert).toMatchObject({
      title: 'example/payments-api: Deploy payments-api 4.2.0 (failure)',
      severity: 'error',
      actor: 'mona',
      type: 'workflow_run.completed',
    })
  })
})

describe('a body that is not its preset’s fails closed with the path', () => {
  test.each([
    ['pagerduty-triggered', 'event.data.title'],
    ['pagerduty-triggered', 'event.data.id'],
    ['pagerduty-triggered', 'event.id'],
    ['pagerduty-triggered', 'event.event_type'],
    ['pagerduty-triggered', 'event.occurred_at'],
    ['alertmanager-firing', 'groupKey'],
    ['alertmanager-firing', 'alerts'],
    ['grafana-firing', 'status'],
    ['github-issue-opened', 'sender.login'],
    ['standard-webhooks-incident', 'type'],
    ['cloudevents-structured', 'source'],
  ])('%s without %s', (sample, path) => {
    const decision = decide({ sample, body: changed(sample, path) })
    expect(decision.runs).toEqual([])
    expect(decision.dropped).toMatchObject({ reason: 'Quarantined' })
    expect(decision.dropped?.message).toContain(`.trigger.body.${path} is not in the data`)
    expect(decision.dropped?.body).toContain('{')
  })

  test('and a field that only the template needs does so as well', () => {
    const { dropped } = decide({ sample: 'pagerduty-triggered', input: '{{ .trigger.body.incident.title }}' })
    expect(dropped?.message).toContain('spec.targets[0].input.alert, line 1, column')
    expect(dropped?.message).toContain('.trigger.body.incident')
  })

  test.each([
    ['pagerduty-triggered', 'event.data.title', ''],
    ['pagerduty-triggered', 'event.data.title', { a: 1 }],
    ['alertmanager-firing', 'alerts', []],
    ['alertmanager-firing', 'alerts', ['x']],
  ])('%s with %s of another kind', (sample, path, value) => {
    expect(decide({ sample, body: changed(sample, path, value) }).dropped).toMatchObject({
      reason: 'Quarantined',
    })
  })
})

describe('the identity of a delivery', () => {
  test('F81 F85 is the event’s id for PagerDuty, whatever the headers that nobody signed say', () => {
    const { delivery } = decide({ sample: 'pagerduty-triggered' })
    expect(delivery).toBe('id:01DEH3ZQ7K1J8MSN0R4C2PVXWA')
  })

  test('is the state of the group for Alertmanager: a reminder is the same, another alert is not', () => {
    const sample = 'alertmanager-firing'
    const { delivery } = decide({ sample })
    expect(decide({ sample, body: changed(sample, 'truncatedAlerts', 0) }).delivery).toBe(delivery)
    expect(decide({ sample, body: changed(sample, 'alerts.1.fingerprint', 'x') }).delivery).not.toBe(delivery)
  })

  test('can be a template', () => {
    const webhook = { dedupKey: '{{ .trigger.alert.id }} {{ .trigger.alert.type }}' }
    expect(decide({ sample: 'pagerduty-triggered', webhook }).delivery).toBe('key:P-48291 incident.triggered')
  })
})

describe('F85 F86 what starts nothing', () => {
  test('what one of our own accounts did', () => {
    const webhook = { filter: 'true', ignoreActors: ['kubeswarm'] }
    expect(decide({ sample: 'pagerduty-acknowledged', webhook }).dropped).toMatchObject({
      reason: 'OwnAction',
      message: expect.stringContaining('"kubeswarm"') as string,
    })
    expect(decide({ sample: 'pagerduty-triggered', webhook }).dropped).toBeUndefined()
  })

  test('what happened longer ago than a day, whoever sends it now', () => {
    const now = Date.UTC(2026, 3, 24, 2, 45, 4)
    expect(decide({ sample: 'pagerduty-triggered', now }).dropped?.reason).toBe('TooOld')
    expect(decide({ sample: 'pagerduty-triggered', now: now - 2000 }).dropped).toBeUndefined()
  })

  test('what a filter says no to', () => {
    const webhook = { filter: '{{ eq .trigger.alert.service "checkout" }}' }
    expect(decide({ sample: 'pagerduty-triggered', webhook }).dropped?.reason).toBe('Filtered')
  })
})
