// Conditions as every Kubernetes object carries them, and the condition types each kind uses.

import { choice, list, longInteger, object, optional, text, time, type TypeOf } from '../schema.ts'

export const Condition = object('One aspect of the state of the object.', {
  type: text('Which aspect, for example `Ready`.', {
    maxLength: 316,
    pattern:
      '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
  }),
  status: choice(['True', 'False', 'Unknown'], 'Whether it holds.'),
  observedGeneration: optional(longInteger('Generation of the spec this was judged by.', { minimum: 0 })),
  lastTransitionTime: time('When the status last changed.'),
  reason: text('The cause as one word, for programs.', {
    minLength: 1,
    maxLength: 1024,
    pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
  }),
  message: text('What, where, since when, and the next step, for people.', { maxLength: 32768 }),
})
export type Condition = TypeOf<typeof Condition>

export const conditions = optional(
  list(Condition, 'The state of the object, aspect by aspect.', { key: 'type' }),
)

export const observedGeneration = optional(
  longInteger(
    'Generation of the spec that this status describes; older than metadata.generation means: not yet seen.',
  ),
)

export type ConditionStatus = Condition['status']

/** Aspects of a SwarmAgent. */
export type AgentConditionType =
  | 'Ready'
  | 'ModelReachable'
  | 'MCPServersReady'
  | 'PolicyCompliant'
  | 'CredentialsValid'
  | 'WithinBudget'
  | 'Degraded'
/** Aspects of a SwarmRun: `Succeeded` is Unknown until the run ends. */
export type RunConditionType = 'Succeeded' | 'Progressing' | 'OutcomeUnknown'
/** Aspect of SwarmTeam, SwarmEvent and SwarmPolicy. */
export type ReadyConditionType = 'Ready'
