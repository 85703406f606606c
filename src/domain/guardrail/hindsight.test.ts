import { expect, test } from 'vitest'
import type { SwarmAgent, SwarmPolicy } from '../../api/v1alpha1/index.ts'
import type { JournalRecord, RecordBody } from '../journal/record.ts'
import { hindsight } from './hindsight.ts'
import { effectivePolicy } from './merge-policies.ts'

const agent: SwarmAgent = {
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmAgent',
  metadata: { name: 'notifier', namespace: 'n' },
  spec: {
    model: 'qwen2.5:7b',
    prompt: { inline: 'x' },
    tools: { mcp: [{ name: 'slack', url: 'http://s' }] },
  },
}
const policy = (spec: NonNullable<SwarmPolicy['spec']>): SwarmPolicy => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmPolicy',
  metadata: { name: 'p', namespace: 'n' },
  spec,
})

const position = { step: 'tell', attempt: 1, turn: 1 }
const call = { type: 'tool.intended', ...position, call: 0, server: 'slack', effect: 'write' } as const
const bodies: readonly RecordBody[] = [
  {
    type: 'run.started',
    snapshotHash: 'h',
    snapshot: {
      kind: 'team',
      namespace: 'n',
      source: 't',
      input: { channel: '#incidents' },
      steps: [
        {
          name: 'tell',
          role: 'tell',
          agent: 'notifier',
          inputs: [],
          dependsOn: [],
          mustCall: [],
          maxOutputBytes: 1,
        },
      ],
    },
  },
  {
    type: 'llm.requested',
    ...position,
    model: 'qwen2.5:7b',
    provider: 'openai',
    estimatedInputTokens: 500,
    maxOutputTokens: 100,
  },
  { ...call, tool: 'post_message', arguments: { channel: '#incidents' }, idempotencyKey: 'a' },
  { ...call, tool: 'post_message', arguments: { channel: '#public' }, idempotencyKey: 'b' },
]
const records = bodies.map((body, index): JournalRecord => ({
  ...body,
  run: 'uid',
  seq: index + 1,
  key: String(index),
  at: '2026-01-01T00:00:00.000Z',
  previous: '',
  hash: '',
}))
const ask = (spec: NonNullable<SwarmPolicy['spec']>, before: readonly SwarmPolicy[] = []) =>
  hindsight({
    run: 'r',
    records,
    before: (name) => (name === 'notifier' ? effectivePolicy({ agent, policies: before }) : undefined),
    after: (name) =>
      name === 'notifier' ? effectivePolicy({ agent, policies: [...before, policy(spec)] }) : undefined,
  })

test.each([
  { reason: 'nothing', spec: {}, denied: [] },
  { reason: 'a tool', spec: { tools: { deny: ['slack/*'] } }, denied: ['ToolDenied', 'ToolDenied'] },
  { reason: 'a model', spec: { models: { denied: ['qwen*'] } }, denied: ['ModelDenied'] },
  { reason: 'a prompt', spec: { limits: { maxTokensPerCall: 400 } }, denied: ['TokensPerCallExceeded'] },
  {
    reason: 'an argument, by the input the run had',
    spec: { tools: { constraints: [{ tool: 'slack/*', args: { channel: { fromInput: 'channel' } } }] } },
    denied: ['ConstraintViolated'],
  },
])('a policy would have denied $reason', ({ spec, denied }) => {
  const found = ask(spec)
  expect(found.calls).toBe(3)
  expect(found.denied.map((each) => each.denied.reason)).toEqual(denied)
})

test('what is denied already is not the doing of the policy', () => {
  expect(ask({ tools: { deny: ['slack/*'] } }, [policy({ tools: { deny: ['slack/*'] } })]).denied).toEqual([])
})

test('calls of an agent that has gone are not judged', () => {
  const gone = hindsight({ run: 'r', records, before: () => undefined, after: () => undefined })
  expect(gone).toEqual({ calls: 0, denied: [] })
})
