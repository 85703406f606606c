import { expect, test } from 'vitest'
import { journalOf, snapshotOf, stepPlan, submitted } from '../run/testing/journal-of.ts'
import { timeline } from './timeline.ts'

const place = { step: 'investigator', attempt: 1 } as const
const text = { sha256: '', bytes: 0, head: '' } as const

test('what is neither the model nor a tool server is overhead; calls side by side count once', () => {
  const records = journalOf([
    { type: 'run.started', snapshot: snapshotOf([stepPlan({ name: 'investigator' })]), snapshotHash: 'h' },
    submitted('investigator'),
    { type: 'tools.listed', ...place, server: 'a', tools: 1, digest: 'd', durationMs: 1000, second: 3 },
    {
      type: 'tools.unavailable',
      ...place,
      server: 'b',
      code: 'ToolServerUnavailable',
      message: 'm',
      durationMs: 2000,
      second: 3,
    },
    {
      type: 'llm.responded',
      ...place,
      turn: 1,
      model: 'm',
      text,
      toolCalls: [],
      usage: {},
      finishReason: 'stop',
      durationMs: 3000,
      second: 7,
    },
    {
      type: 'tool.returned',
      ...place,
      turn: 1,
      call: 0,
      server: 'a',
      tool: 't',
      isError: false,
      content: text,
      durationMs: 500,
      second: 8,
    },
    {
      type: 'tool.returned',
      ...place,
      turn: 1,
      call: 1,
      server: 'a',
      tool: 't',
      isError: false,
      content: text,
      durationMs: 1000,
      second: 8,
    },
    { type: 'run.finished', phase: 'Succeeded', reason: 'Completed', message: '', second: 10 },
  ])
  expect(timeline(records)).toEqual({ totalMs: 10_000, modelMs: 3000, toolMs: 3000, overheadMs: 4000 })
})
