// Views of a journal: calls, audit trail, cost and trace of one run with everything in it.

import { describe, expect, test } from 'vitest'
import {
  completed,
  failedTask,
  intended,
  journalOf,
  leased,
  responded,
  returned,
  run,
  started,
  stepPlan,
  submitted,
} from '../run/testing/journal-of.ts'
import { auditRun, matchesAudit, type AuditFilter } from './audit.ts'
import { callsOf } from './calls.ts'
import { costOf } from './cost.ts'
import type { RecordBody } from './record.ts'
import { traceRun, type TraceSpan } from './trace.ts'

const requested = (step: string, turn: number): RecordBody => ({
  type: 'llm.requested',
  step,
  attempt: 1,
  turn,
  model: 'qwen2.5:7b',
  provider: 'openai',
  estimatedInputTokens: 10,
  maxOutputTokens: 10,
})
const denied: RecordBody = {
  type: 'tool.denied',
  step: 'notifier',
  attempt: 1,
  turn: 1,
  call: 1,
  server: 'grafana',
  tool: 'query_logs',
  arguments: { query: 'secret' },
  reason: 'NotAllowed',
  rule: 'SwarmAgent notifier spec.guardrails.tools.allow',
  message: 'not on the list',
}
const unknown: RecordBody = {
  type: 'tool.outcome-unknown',
  step: 'notifier',
  attempt: 1,
  turn: 2,
  call: 0,
  server: 'slack',
  tool: 'post_message',
  message: 'cut off',
}
const records = journalOf([
  started([stepPlan({ name: 'investigator' }), stepPlan({ name: 'notifier' })]),
  submitted('investigator'),
  leased('investigator'),
  requested('investigator', 1),
  responded('investigator', 100),
  intended('investigator', 'read-only', { server: 'grafana', tool: 'query_logs' }),
  returned('investigator', { server: 'grafana', tool: 'query_logs' }),
  completed('investigator', 'found'),
  submitted('notifier'),
  leased('notifier'),
  requested('notifier', 1),
  responded('notifier', 50),
  intended('notifier', 'write'),
  returned('notifier', { isError: true }),
  denied,
  requested('notifier', 2),
  {
    type: 'llm.failed',
    step: 'notifier',
    attempt: 1,
    turn: 2,
    code: 'ModelTimeout',
    message: 'slow',
    durationMs: 9,
  },
  intended('notifier', 'write', { turn: 2 }),
  unknown,
  failedTask('notifier', { code: 'OutcomeUnknown', message: 'cut off' }),
  { type: 'run.finished', phase: 'Failed', reason: 'OutcomeUnknown', message: 'cut off' },
  {
    type: 'tool.resolved',
    step: 'notifier',
    attempt: 1,
    turn: 2,
    call: 0,
    server: 'slack',
    tool: 'post_message',
    outcome: 'done',
    by: 'alice',
  },
  { type: 'run.reopened', round: 2, by: 'alice' },
])

test('A1 S9 each call and each refusal is one entry, with its fate', () => {
  const calls = callsOf(records)
  expect(calls.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
    'model ok',
    'tool ok',
    'model ok',
    'tool error',
    'tool denied',
    'model error',
    'tool ok',
  ])
  expect(calls[4]).toMatchObject({ rule: 'SwarmAgent notifier spec.guardrails.tools.allow' })
  expect(calls[6]).toMatchObject({ resolved: { by: 'alice', outcome: 'done' } })
})

test('a call whose result is not there yet is open', () => {
  expect(callsOf(records.slice(0, 6)).at(-1)).toMatchObject({ kind: 'tool', status: 'open' })
  expect(callsOf(records.slice(0, 19)).at(-1)).toMatchObject({ kind: 'tool', status: 'unknown' })
})

test('F68 a call that was denied after its announcement is one entry, denied', () => {
  const announced = intended('notifier', 'write', { call: 1, server: 'grafana', tool: 'query_logs' })
  const calls = callsOf(journalOf([started([stepPlan({ name: 'notifier' })]), announced, denied]))
  expect(calls).toMatchObject([
    {
      kind: 'tool',
      status: 'denied',
      seq: 2,
      effect: 'write',
      rule: denied.type === 'tool.denied' && denied.rule,
    },
  ])
})

describe('the audit trail', () => {
  const entries = auditRun(run, records)

  test('names agents, tools, arguments, people and the ends of the run', () => {
    expect(entries.map(({ kind, subject, status }) => `${kind} ${subject} ${status}`)).toEqual([
      'run started ok',
      'model m ok',
      'tool grafana/query_logs ok',
      'model m ok',
      'tool slack/post_message error',
      'tool grafana/query_logs denied',
      'model qwen2.5:7b error',
      'tool slack/post_message ok',
      'run Failed unknown',
      'person resolved ok',
      'person reopened ok',
    ])
    expect(entries[5]).toMatchObject({ agent: 'incident-notifier', arguments: { query: 'secret' }, seq: 15 })
    expect(entries.at(-1)).toMatchObject({ by: 'alice' })
  })

  test.each<[AuditFilter, number]>([
    [{ agent: 'incident-investigator' }, 2],
    [{ tool: 'slack/*' }, 2],
    [{ status: 'denied' }, 1],
    [{ since: records[20]?.at ?? '' }, 3],
    [{ agent: 'incident-notifier', tool: 'grafana/*', status: 'denied' }, 1],
    [{ tool: 'nobody/*' }, 0],
  ])('%j leaves %i entries', (filter, count) => {
    expect(entries.filter((entry) => matchesAudit(entry, filter))).toHaveLength(count)
  })
})

test('B2 the cost is the sum of what was reported, by step and by model; what was not is counted', () => {
  const silent = journalOf([
    started([stepPlan({ name: 'a' })]),
    responded('a', 10),
    { ...responded('a', 0, { turn: 2 }), usage: {} } as RecordBody,
  ])
  expect(costOf(silent)).toMatchObject({ total: { inputTokens: 10 }, unreported: 1 })
  const { total, steps, models } = costOf(records)
  expect(total).toEqual({ inputTokens: 150 })
  expect([...steps]).toEqual([
    ['investigator', { inputTokens: 100 }],
    ['notifier', { inputTokens: 50 }],
  ])
  expect([...models]).toEqual([['m', { inputTokens: 150 }]])
})

test('the trace is a tree of run, steps, attempts, turns and calls, with times, tokens and refusals', () => {
  const outline = ({ name, status, denied: refused, children }: TraceSpan): unknown => [
    `${name} ${status} ${refused}`,
    ...children.map(outline),
  ]
  const trace = traceRun(records)
  expect(trace === undefined ? undefined : outline(trace)).toEqual([
    'team incident-responder Running 1',
    [
      'investigator (incident-investigator) Succeeded 0',
      ['attempt 1 Succeeded 0', ['m ok 0', ['grafana/query_logs ok 0']]],
    ],
    [
      'notifier (incident-notifier) Failed 1',
      [
        'attempt 1 Failed 1',
        ['m ok 1', ['slack/post_message error 0'], ['grafana/query_logs denied 1']],
        ['qwen2.5:7b error 0', ['slack/post_message ok 0']],
      ],
    ],
  ])
  expect(trace).toMatchObject({ durationMs: 22_000, usage: { inputTokens: 150 } })
  expect(trace?.children[0]).toMatchObject({ durationMs: 5000 })
})

test('a journal without its beginning has no trace', () => {
  expect(traceRun(records.slice(1))).toBeUndefined()
})
