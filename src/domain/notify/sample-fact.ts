// Facts that did not happen, for looking at a channel before it is needed. They say so in their message.

import { notifyEvents, type NotifyEvent } from '../../api/v1alpha1/index.ts'
import type { NotifyFact } from './notify-fact.ts'

const run: NonNullable<NotifyFact['run']> = {
  name: 'sample-run',
  reason: 'Succeeded',
  durationMs: 138_000,
  tokens: 10_240,
  models: ['qwen2.5:7b'],
  steps: [
    { name: 'investigator', agent: 'incident-investigator', phase: 'Succeeded' },
    { name: 'diagnostician', agent: 'incident-diagnostician', phase: 'Succeeded' },
    { name: 'notifier', agent: 'incident-notifier', phase: 'Succeeded' },
  ],
  unknownOutcomes: [],
  output: 'posted to #incidents, acknowledged P-48291',
  report: {
    service: 'payments-api',
    severity: 'high',
    confidence: 'high',
    rootCause:
      'PostgreSQL primary server failure: postgres-primary:5432 refuses connections since the failover at 02:47 UTC, and the connection pool is exhausted',
    blastRadius: 'payments-api answers 12.3 % of requests with an error',
    remediation: [
      'Promote the standby PostgreSQL replica to primary',
      'kubectl -n payments rollout restart deployment/payments-api',
      'Clear the connection pool caches',
    ],
    evidence: ['https://grafana.example.com/d/payments?from=1776998700000&to=1776999000000'],
  },
}

const failed = {
  ...run,
  steps: run.steps.map((step) => (step.name === 'notifier' ? { ...step, phase: 'Failed' } : step)),
}

const samples: Readonly<Record<NotifyEvent, Pick<NotifyFact, 'subject' | 'message'> & Partial<NotifyFact>>> =
  {
    TeamSucceeded: {
      subject: { kind: 'team', name: 'incident-responder' },
      message: '3 of 3 steps succeeded',
      run,
    },
    TeamFailed: {
      subject: { kind: 'team', name: 'incident-responder' },
      message:
        'step "notifier" failed with ToolServerUnavailable: cannot reach MCP server "slack" at http://mock-slack.incident-response.svc:8080: connection refused',
      run: { ...failed, reason: 'StepFailed', unknownOutcomes: ['slack/post_message in step "notifier"'] },
    },
    TeamTimedOut: {
      subject: { kind: 'team', name: 'incident-responder' },
      message:
        'the run took longer than its 300 seconds (timeoutSeconds); not done: notifier (running on incident-notifier-agent-0)',
      run: { ...failed, reason: 'TimedOut', report: { service: 'payments-api', severity: 'high' } },
    },
    BudgetWarning: {
      subject: { kind: 'budget', name: 'incident-budget' },
      message: '82.10 of 100.00 USD of this month are spent (warnAt: 80)',
    },
    BudgetExceeded: {
      subject: { kind: 'budget', name: 'incident-budget' },
      message:
        '100.35 of 100.00 USD of this month are spent; hardStop: new runs are refused until 2026-05-01',
    },
    DailyLimitReached: {
      subject: { kind: 'agent', name: 'incident-investigator' },
      message:
        'the namespace has used 200000 of 200000 tokens of the day (SwarmPolicy incident-policy spec.limits.maxDailyTokens); it resets at 2026-04-02T00:00:00Z',
    },
    AgentDegraded: {
      subject: { kind: 'agent', name: 'incident-notifier' },
      message:
        'Deployment incident-notifier-agent has 0 of 1 replicas ready; if it stays so: kubectl -n incident-response describe pods -l kubeswarm/deployment=incident-notifier',
    },
  }

export const isNotifyEvent = (text: string): text is NotifyEvent =>
  notifyEvents.some((event) => event === text)

export const sampleFact = ({
  event,
  id,
  namespace,
  notify,
  at,
}: {
  readonly event: NotifyEvent | 'Test'
  readonly id: string
  readonly namespace: string
  readonly notify: string
  /** RFC 3339. */
  readonly at: string
}): NotifyFact => {
  const common = { id, event, namespace, at, thread: id, isSample: true as const }
  if (event === 'Test')
    return {
      ...common,
      subject: { kind: 'notify', name: notify },
      message: 'This is a test. Nothing has happened; this channel works.',
    }
  const sample = samples[event]
  return { ...common, ...sample, message: `This is a test, nothing has happened. ${sample.message}` }
}
