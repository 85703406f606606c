// The hub's figures in Prometheus text. Counters live in the process; queue figures are asked of the store.

import type { Store } from '../ports/store.ts'

export type TriggerOutcome =
  'accepted' | 'duplicate' | 'unauthorized' | 'rate_limited' | 'too_large' | 'quarantined' | 'dropped'

export interface HubMetrics {
  requestEnded(request: { readonly route: string; readonly status: number }): void
  triggerEnded(outcome: TriggerOutcome): void
  render(store: Store): Promise<string>
}

type Labels = Readonly<Record<string, string | number>>

export const createHubMetrics = (): HubMetrics => {
  /** By status, then by route: a request is counted without a text being made of its labels. */
  const requests = new Map<number, Map<string, number>>()
  const triggers = new Map<TriggerOutcome, number>()
  return {
    requestEnded({ route, status }) {
      const routes = requests.get(status) ?? new Map<string, number>()
      requests.set(status, routes)
      routes.set(route, (routes.get(route) ?? 0) + 1)
    },
    triggerEnded: (outcome) => void triggers.set(outcome, (triggers.get(outcome) ?? 0) + 1),
    render: async ({ tasks }) => {
      const depths = await tasks.depths()
      const depth = depths.flatMap(({ agent: { namespace, name }, queued, leased }): Sample[] => [
        [labelText({ namespace, agent: name, state: 'queued' }), queued],
        [labelText({ namespace, agent: name, state: 'leased' }), leased],
      ])
      const ages = depths.map(({ agent: { namespace, name }, oldestAgeMs = 0 }): Sample => [
        labelText({ namespace, agent: name }),
        oldestAgeMs / 1000,
      ])
      const answered = [...requests].flatMap(([status, routes]) =>
        [...routes].map(([route, count]): Sample => [labelText({ route, status }), count]),
      )
      const delivered = [...triggers].map(([outcome, count]): Sample => [labelText({ outcome }), count])
      return [
        family('kubeswarm_hub_requests_total', 'counter', 'Requests answered.', answered),
        family('kubeswarm_trigger_events_total', 'counter', 'Webhook deliveries.', delivered),
        family('kubeswarm_queue_depth', 'gauge', 'Unfinished tasks.', depth),
        family('kubeswarm_queue_oldest_age_seconds', 'gauge', 'Age of the oldest queued task.', ages),
      ].join('')
    },
  }
}

type Sample = readonly [labels: string, value: number]

const family = (name: string, type: string, help: string, samples: readonly Sample[]): string =>
  [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
    '',
  ].join('\n')

const labelText = (labels: Labels): string =>
  `{${Object.entries(labels)
    .map(
      ([name, value]) =>
        `${name}="${String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
    )
    .join(',')}}`
