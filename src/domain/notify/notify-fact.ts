// What people are told: one thing that happened, once. It is stored as it was when it happened, so that a message
// that goes out late tells what was true then; how it looks is decided when it goes out.

import type { NotifyEvent } from '../../api/v1alpha1/index.ts'
import type { Report } from './read-report.ts'

export interface NotifyFact {
  /** The same thing has the same id, however often it is told. */
  readonly id: string
  /** `Test` is asked for by a person. */
  readonly event: NotifyEvent | 'Test'
  readonly namespace: string
  /** RFC 3339. */
  readonly at: string
  /** The team, agent or budget it is about. */
  readonly subject: { readonly kind: 'team' | 'agent' | 'budget' | 'notify'; readonly name: string }
  /** What belongs together: news of the same incident goes into one thread. */
  readonly thread: string
  /** In a sentence. */
  readonly message: string
  readonly run?: RunFacts
  /** It did not happen: somebody tries a channel. */
  readonly isSample?: true
}

export interface RunFacts {
  readonly name: string
  readonly reason: string
  readonly durationMs?: number
  readonly tokens?: number
  readonly models: readonly string[]
  readonly steps: readonly { readonly name: string; readonly agent: string; readonly phase: string }[]
  /** Calls of which nobody knows whether they took effect. */
  readonly unknownOutcomes: readonly string[]
  /** The beginning of the output. */
  readonly output?: string
  /** What the outputs say in fields. */
  readonly report: Report
}

interface Wording {
  /** For the eye. */
  readonly sign: string
  readonly says: (name: string) => string
  /** Type of the CloudEvent. */
  readonly type: string
}

export const wordings: Readonly<Record<NotifyFact['event'], Wording>> = {
  TeamSucceeded: { sign: '✅', says: (name) => `${name} succeeded`, type: 'io.kubeswarm.run.succeeded' },
  TeamFailed: { sign: '❌', says: (name) => `${name} failed`, type: 'io.kubeswarm.run.failed' },
  TeamTimedOut: { sign: '⌛', says: (name) => `${name} ran out of time`, type: 'io.kubeswarm.run.timed-out' },
  BudgetWarning: {
    sign: '⚠️',
    says: (name) => `Budget ${name} is nearly spent`,
    type: 'io.kubeswarm.budget.warning',
  },
  BudgetExceeded: {
    sign: '⛔',
    says: (name) => `Budget ${name} is spent`,
    type: 'io.kubeswarm.budget.exceeded',
  },
  DailyLimitReached: {
    sign: '⛔',
    says: (name) => `${name} has used its tokens of the day`,
    type: 'io.kubeswarm.agent.daily-limit-reached',
  },
  AgentDegraded: {
    sign: '⚠️',
    says: (name) => `Agent ${name} is degraded`,
    type: 'io.kubeswarm.agent.degraded',
  },
  Test: { sign: '🔔', says: (name) => `Test of ${name}`, type: 'io.kubeswarm.notify.test' },
}

/** The fact in one line. */
export const headline = ({ event, subject }: Pick<NotifyFact, 'event' | 'subject'>): string =>
  wordings[event].says(subject.name)
