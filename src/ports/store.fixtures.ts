// What the contract suites of the store's ports are made of: runs, tasks, records and policies small enough to read.

import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import type { RecordBody, RunKey } from '../domain/journal/record.ts'
import { storeText } from '../domain/journal/stored-text.ts'
import { taskId, type AgentKey, type Task } from '../domain/run/task.ts'
import type { ManualClock } from './manual-clock.ts'
import type { Store } from './store.ts'

/** What a suite needs of an adapter: an empty store on a given clock. The suite closes it. */
export interface StoreFactory {
  readonly open: (options: { readonly clock: ManualClock }) => Promise<Store>
}

export const runKey = (name = 'incident-001'): RunKey => ({
  namespace: 'incident-response',
  name,
  uid: `uid-${name}`,
})

export const agentKey = (name = 'incident-investigator', namespace = 'incident-response'): AgentKey => ({
  namespace,
  name,
})

export const taskOf = ({
  run = runKey(),
  step = 'investigator',
  attempt = 1,
  agent = agentKey(),
  ...rest
}: Partial<Task> = {}): Task => ({
  id: taskId({ run: run.uid, step, attempt }),
  run,
  step,
  attempt,
  agent,
  prompt: 'Investigate.',
  input: { incidentId: 'P1' },
  mustCall: [],
  maxOutputBytes: 1_048_576,
  ...rest,
})

export const submitted = ({ step, attempt, id, agent }: Task): RecordBody => ({
  type: 'step.submitted',
  step,
  attempt,
  task: id,
  agent: agent.name,
})

export const started = (): RecordBody => ({
  type: 'run.started',
  snapshot: {
    kind: 'team',
    namespace: 'incident-response',
    source: 'incident-responder',
    steps: [],
    input: {},
  },
  snapshotHash: 'h',
})

export const requested = (
  { step, attempt }: Task,
  { turn = 1, input = 100, output = 400 }: { turn?: number; input?: number; output?: number } = {},
): RecordBody & { readonly type: 'llm.requested' } => ({
  type: 'llm.requested',
  step,
  attempt,
  turn,
  model: 'qwen2.5:7b',
  provider: 'openai',
  estimatedInputTokens: input,
  maxOutputTokens: output,
})

export const responded = (
  { step, attempt }: Task,
  {
    turn = 1,
    text = 'I found it.',
    usage = { inputTokens: 90, outputTokens: 10 },
  }: { turn?: number; text?: string; usage?: { inputTokens?: number; outputTokens?: number } } = {},
): RecordBody => ({
  type: 'llm.responded',
  step,
  attempt,
  turn,
  model: 'qwen2.5:7b',
  text: storeText(text),
  toolCalls: [],
  usage,
  finishReason: 'stop',
  durationMs: 12,
})

export const intended = ({ step, attempt }: Task, { turn = 1, call = 0 } = {}): RecordBody => ({
  type: 'tool.intended',
  step,
  attempt,
  turn,
  call,
  server: 'slack',
  tool: 'post_message',
  arguments: { channel: '#incidents' },
  effect: 'write',
  idempotencyKey: `${step}/${turn}/${call}`,
})

export const completed = ({ id, step, attempt }: Task, output = 'done'): RecordBody => ({
  type: 'task.completed',
  step,
  attempt,
  task: id,
  output: storeText(output),
  usage: { inputTokens: 90, outputTokens: 10 },
  turns: 1,
  toolCalls: 0,
})

export const finished = (): RecordBody & { readonly type: 'run.finished' } => ({
  type: 'run.finished',
  phase: 'Succeeded',
  reason: 'AllStepsSucceeded',
  message: 'all steps succeeded',
})

const builtin = (field: string) => ({ kind: 'builtin', name: 'defaults', field }) as const

export const policyOf = ({
  agent = agentKey(),
  revision = 'r1',
  dailyTokens,
  namespaceDailyTokens,
}: {
  agent?: AgentKey
  revision?: string
  dailyTokens?: number
  namespaceDailyTokens?: number
} = {}): EffectivePolicy => {
  const limit = (field: string, value: number) => ({ value, source: builtin(field) })
  return {
    agent,
    revision,
    tools: { servers: ['grafana'], allow: [], deny: [], constraints: [], effects: [] },
    models: { allow: [], deny: [] },
    limits: {
      tokensPerCall: limit('tokensPerCall', 3000),
      timeoutSeconds: limit('timeoutSeconds', 120),
      concurrentTasks: limit('concurrentTasks', 5),
      retries: limit('retries', 1),
      turnsPerTask: limit('turnsPerTask', 25),
      callsPerTask: limit('callsPerTask', 50),
      identicalCalls: limit('identicalCalls', 3),
      ...(dailyTokens === undefined ? {} : { dailyTokens: limit('dailyTokens', dailyTokens) }),
      ...(namespaceDailyTokens === undefined
        ? {}
        : { namespaceDailyTokens: limit('namespaceDailyTokens', namespaceDailyTokens) }),
    },
  }
}
