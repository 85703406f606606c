import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  completed,
  failedTask,
  intended,
  journalOf,
  leased,
  responded,
  returned,
  second,
  started,
  stateOf,
  stepPlan,
  submitted,
} from '../run/testing/journal-of.ts'
import { emptyRun, extendRun, foldRun } from './fold.ts'
import type { RecordBody } from './record.ts'

const one = started([stepPlan({ name: 'a' })])
const stepAfter = (...bodies: readonly RecordBody[]) => stateOf([one, ...bodies]).steps[0]

describe('the state of a run', () => {
  it('follows a step from submission to success', () => {
    expect(stateOf([]).phase).toBe('Pending')
    expect(stepAfter()).toMatchObject({ phase: 'Pending', attempt: 0 })
    expect(stepAfter(submitted('a'))).toMatchObject({ phase: 'Submitted', attempt: 1, task: 'uid-1/a/1' })
    expect(stepAfter(submitted('a'), leased('a'))).toMatchObject({ phase: 'Running', startedAt: second(2) })
    expect(stepAfter(submitted('a'), leased('a'), completed('a', 'done'))).toMatchObject({
      phase: 'Succeeded',
      output: { head: 'done' },
      completedAt: second(3),
    })
  })

  it('keeps the first start when another replica takes the task over', () => {
    const step = stepAfter(submitted('a'), leased('a'), leased('a', 1, 2))
    expect(step).toMatchObject({ startedAt: second(2), holder: 'a-pod-2', attempt: 1 })
  })

  it('D3 D8 nothing moves a step or a run that has ended', () => {
    const end: RecordBody = { type: 'run.finished', phase: 'Succeeded', reason: 'Succeeded', message: '' }
    const bodies = [one, submitted('a'), leased('a'), completed('a', 'first'), end]
    const late = [
      completed('a', 'second'),
      failedTask('a'),
      submitted('a', 2),
      leased('a', 1, 9),
      { ...end, phase: 'Failed' as const },
      { type: 'run.stopping' as const, phase: 'Failed' as const, reason: 'TimedOut', message: '' },
      { type: 'step.failed' as const, step: 'a', reason: 'x', message: '' },
      { type: 'step.skipped' as const, step: 'a', reason: 'x', message: '' },
      { type: 'task.cancelled' as const, step: 'a', attempt: 1, task: 't', reason: '' },
    ]
    const before = stateOf(bodies)
    for (const body of late) {
      const after = stateOf([...bodies, body])
      expect(after).toMatchObject({ phase: 'Succeeded', finishedAt: before.finishedAt })
      expect(after.steps[0]).toMatchObject({ phase: 'Succeeded', attempt: 1, output: { head: 'first' } })
      expect(after.stopping).toBeUndefined()
    }
  })

  it('B2 counts the tokens of all attempts once, also when a turn and the end of its task both tell of them', () => {
    const state = stateOf([
      one,
      submitted('a'),
      responded('a', 100),
      responded('a', 50, { turn: 2 }),
      failedTask('a', { usage: { inputTokens: 150 } }),
      submitted('a', 2),
      responded('a', 30, { attempt: 2 }),
      { ...completed('a', 'x', 2), usage: { inputTokens: 30, outputTokens: 7 } } as RecordBody,
    ])
    expect(state.usage).toEqual({ inputTokens: 180, outputTokens: 7 })
    expect(state.steps[0]?.usage).toEqual(state.usage)
  })

  it('counts tokens that arrive after the end', () => {
    const end: RecordBody = { type: 'run.finished', phase: 'Failed', reason: 'TimedOut', message: '' }
    expect(stateOf([one, submitted('a'), end, responded('a', 5)]).usage).toEqual({ inputTokens: 5 })
  })

  it('does not make a zero of what a provider left out', () => {
    expect(stateOf([one, submitted('a'), leased('a')]).usage).toEqual({})
  })

  it('counts calls by tool, with their ends', () => {
    const step = stepAfter(
      submitted('a'),
      intended('a'),
      returned('a'),
      intended('a', 'write', { call: 1 }),
      returned('a', { call: 1, isError: true }),
      {
        type: 'tool.denied',
        step: 'a',
        attempt: 1,
        turn: 2,
        call: 0,
        server: 'grafana',
        tool: 'x',
        arguments: {},
        reason: 'ToolNotAllowed',
        rule: 'r',
        message: 'm',
      },
      intended('a', 'write', { turn: 3 }),
      {
        type: 'tool.outcome-unknown',
        step: 'a',
        attempt: 1,
        turn: 3,
        call: 0,
        server: 'slack',
        tool: 'post_message',
        message: 'm',
      },
      intended('a', 'read-only', { turn: 4, server: 'grafana', tool: 'q' }),
    )
    expect(step?.tools).toEqual([
      { tool: 'slack/post_message', made: 3, succeeded: 1, failed: 1, denied: 0, unknown: 1 },
      { tool: 'grafana/x', made: 0, succeeded: 0, failed: 0, denied: 1, unknown: 0 },
      { tool: 'grafana/q', made: 1, succeeded: 0, failed: 0, denied: 0, unknown: 0 },
    ])
    expect(step?.openCalls).toMatchObject([{ key: '1/4/0', tool: 'grafana/q', write: false }])
    expect(step?.writes).toEqual(['slack/post_message'])
  })

  it('P3 F68 a call that was denied after its announcement was not made, and is no riddle at the end of the run', () => {
    const denied: RecordBody = {
      type: 'tool.denied',
      step: 'a',
      attempt: 1,
      turn: 1,
      call: 0,
      server: 'slack',
      tool: 'post_message',
      arguments: {},
      reason: 'ToolDenied',
      rule: 'r',
      message: 'm',
    }
    const end: RecordBody = { type: 'run.finished', phase: 'Failed', reason: 'TimedOut', message: 'too late' }
    const step = stepAfter(submitted('a'), leased('a'), intended('a'), denied, end)
    expect(step?.tools).toEqual([
      { tool: 'slack/post_message', made: 0, succeeded: 0, failed: 0, denied: 1, unknown: 0 },
    ])
    expect(step).toMatchObject({ openCalls: [], writes: [], failure: { code: 'RunStopped' } })
  })

  it('D10 F31 a step whose mustCall the journal does not show has not succeeded', () => {
    const demanding = started([stepPlan({ name: 'a', mustCall: ['slack/post_*'] })])
    const finish = completed('a', 'I posted it')
    const phase = (...bodies: readonly RecordBody[]) =>
      stateOf([demanding, submitted('a'), leased('a'), ...bodies, finish]).steps[0]
    expect(phase()).toMatchObject({
      phase: 'AttemptFailed',
      failure: { code: 'RequiredToolNotCalled', retryable: false },
    })
    expect(phase(intended('a'))?.phase).toBe('AttemptFailed')
    expect(phase(intended('a'), returned('a', { isError: true }))?.phase).toBe('AttemptFailed')
    expect(phase(intended('a'), returned('a'))?.phase).toBe('Succeeded')
  })

  it('P7 a write that was cut off by the end of the run is unknown, not undone', () => {
    const end: RecordBody = { type: 'run.finished', phase: 'Failed', reason: 'TimedOut', message: 'too late' }
    const step = stepAfter(submitted('a'), leased('a'), intended('a'), end)
    expect(step).toMatchObject({ phase: 'Cancelled', failure: { code: 'OutcomeUnknown' } })
    expect(stepAfter(submitted('a'), leased('a'), intended('a', 'read-only'), end)?.failure?.code).toBe(
      'RunStopped',
    )
  })

  it('a decision to stop closes the steps that have not begun, and says why', () => {
    const two = started([stepPlan({ name: 'a' }), stepPlan({ name: 'b', dependsOn: ['a'] })])
    const state = stateOf([
      two,
      submitted('a'),
      { type: 'run.stopping', phase: 'Failed', reason: 'TimedOut', message: 'too late' },
    ])
    expect(state.phase).toBe('Running')
    expect(state.steps.map(({ phase }) => phase)).toEqual(['Submitted', 'Skipped'])
    expect(state.steps[1]?.failure?.message).toBe('not started: too late')
  })

  it('a run can end before it started', () => {
    const state = stateOf([
      { type: 'run.finished', phase: 'Failed', reason: 'TeamNotFound', message: 'none' },
    ])
    expect(state).toMatchObject({ phase: 'Failed', reason: 'TeamNotFound', steps: [] })
  })

  it('refuses a journal with a gap, and ignores what it has seen', () => {
    const records = journalOf([one, submitted('a'), leased('a')])
    expect(() => foldRun(records.filter(({ seq }) => seq !== 2))).toThrow(/record 3 follows 1/)
    const state = foldRun(records)
    expect(records.reduce(extendRun, state)).toBe(state)
  })

  it('D11 folding in pieces, with overlaps, gives the state of folding at once', () => {
    const records = journalOf([
      started([stepPlan({ name: 'a' }), stepPlan({ name: 'b' })]),
      submitted('a'),
      submitted('b'),
      leased('a'),
      leased('b'),
      intended('a'),
      responded('b', 3),
      returned('a'),
      failedTask('b'),
      completed('a', 'x'),
      submitted('b', 2),
      leased('b', 2),
      completed('b', 'y', 2),
    ])
    const whole = foldRun(records)
    fc.assert(
      fc.property(fc.nat(records.length), fc.nat(records.length), (end, again) => {
        const first = records.slice(0, end).reduce(extendRun, emptyRun)
        expect(records.slice(Math.min(end, again)).reduce(extendRun, first)).toEqual(whole)
      }),
    )
    expect(foldRun(JSON.parse(JSON.stringify(records)) as typeof records)).toEqual(whole)
  })
})
