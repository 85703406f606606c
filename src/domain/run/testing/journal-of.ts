// Journals for tests: records sealed in order, one second apart, and states folded from them.

import { foldRun } from '../../journal/fold.ts'
import type { RunState } from '../../journal/fold.ts'
import { genesis, sealRecord } from '../../journal/hash-chain.ts'
import type { JournalRecord, RecordBody } from '../../journal/record.ts'
import { storeText } from '../../journal/stored-text.ts'
import type { RunSnapshot, StepPlan } from '../snapshot.ts'

export const run = { namespace: 'incident-response', name: 'incident-001', uid: 'uid-1' } as const
export const start = Date.parse('2026-04-23T02:45:00.000Z')
export const second = (n: number): string => new Date(start + n * 1000).toISOString()

/** Record n (from 0) happens at second n, unless it says when. */
export const journalOf = (
  bodies: readonly (RecordBody & { readonly second?: number })[],
): readonly JournalRecord[] => {
  const records: JournalRecord[] = []
  for (const { second: when, ...body } of bodies) {
    records.push(
      sealRecord({
        body: body as RecordBody,
        run: run.uid,
        seq: records.length + 1,
        at: second(when ?? records.length),
        previous: records.at(-1)?.hash ?? genesis,
      }),
    )
  }
  return records
}

export const stateOf = (bodies: Parameters<typeof journalOf>[0]): RunState => foldRun(journalOf(bodies))

export const stepPlan = ({ name, ...rest }: Partial<StepPlan> & { readonly name: string }): StepPlan => ({
  name,
  role: name,
  agent: `incident-${name}`,
  inputs: [{ name: 'alert', template: '{{ .input.alert }}' }],
  dependsOn: [],
  mustCall: [],
  maxOutputBytes: 65_536,
  ...rest,
})

export const snapshotOf = (steps: readonly StepPlan[], rest: Partial<RunSnapshot> = {}): RunSnapshot => ({
  kind: 'team',
  namespace: run.namespace,
  source: 'incident-responder',
  steps,
  input: { alert: 'P-48291' },
  ...rest,
})

export const started = (steps: readonly StepPlan[], rest: Partial<RunSnapshot> = {}): RecordBody => ({
  type: 'run.started',
  snapshot: snapshotOf(steps, rest),
  snapshotHash: 'hash',
})
export const submitted = (step: string, attempt = 1): RecordBody => ({
  type: 'step.submitted',
  step,
  attempt,
  task: `${run.uid}/${step}/${attempt}`,
  agent: `incident-${step}`,
})
export const leased = (step: string, attempt = 1, fence = 1): RecordBody => ({
  type: 'task.leased',
  step,
  attempt,
  task: `${run.uid}/${step}/${attempt}`,
  fence,
  holder: `${step}-pod-${fence}`,
})
export const completed = (step: string, output: string, attempt = 1): RecordBody => ({
  type: 'task.completed',
  step,
  attempt,
  task: `${run.uid}/${step}/${attempt}`,
  output: storeText(output),
  usage: { inputTokens: 10, outputTokens: 5 },
  turns: 1,
  toolCalls: 0,
})
export const failedTask = (
  step: string,
  { attempt = 1, ...rest }: Partial<RecordBody & { readonly type: 'task.failed' }> = {},
): RecordBody => ({
  type: 'task.failed',
  step,
  attempt,
  task: `${run.uid}/${step}/${attempt}`,
  code: 'ModelServerError',
  message: 'the model answered 503',
  retryable: true,
  usage: {},
  ...rest,
})
const call = { attempt: 1, turn: 1, call: 0, server: 'slack', tool: 'post_message' } as const
type Call = Partial<{ attempt: number; turn: number; call: number; server: string; tool: string }>
export const intended = (
  step: string,
  effect: 'read-only' | 'idempotent' | 'write' = 'write',
  rest: Call = {},
): RecordBody => ({
  type: 'tool.intended',
  step,
  ...call,
  arguments: {},
  effect,
  idempotencyKey: 'key',
  ...rest,
})
export const returned = (
  step: string,
  { isError = false, ...rest }: Call & { isError?: boolean } = {},
): RecordBody => ({
  type: 'tool.returned',
  step,
  ...call,
  isError,
  content: storeText('ok'),
  durationMs: 1,
  ...rest,
})
export const responded = (
  step: string,
  inputTokens: number,
  rest: { attempt?: number; turn?: number } = {},
): RecordBody => ({
  type: 'llm.responded',
  step,
  attempt: 1,
  turn: 1,
  model: 'm',
  text: storeText(''),
  toolCalls: [],
  usage: { inputTokens },
  finishReason: 'stop',
  durationMs: 1,
  ...rest,
})
