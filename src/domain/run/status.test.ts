import { describe, expect, it } from 'vitest'
import type { SwarmRunStatus } from '../../api/v1alpha1/index.ts'
import type { RecordBody } from '../journal/record.ts'
import { runStatus } from './status.ts'
import {
  completed,
  failedTask,
  intended,
  leased,
  responded,
  returned,
  second,
  start,
  started,
  stateOf,
  stepPlan,
  submitted,
} from './testing/journal-of.ts'

const statusOf = (
  bodies: Parameters<typeof stateOf>[0],
  rest: { readonly previous?: SwarmRunStatus; readonly now?: number; readonly suspended?: boolean } = {},
): SwarmRunStatus => runStatus({ state: stateOf(bodies), generation: 1, now: start + 99_000, ...rest })
const seconds = (n: number): string => `${second(n).slice(0, 19)}Z`
const succeeded = ({ conditions = [] }: SwarmRunStatus) => conditions.find(({ type }) => type === 'Succeeded')

const a = stepPlan({ name: 'a' })
const b = stepPlan({ name: 'b', dependsOn: ['a'] })
const finished: RecordBody = {
  type: 'run.finished',
  phase: 'Succeeded',
  reason: 'Succeeded',
  message: '1 of 1 steps succeeded',
}

describe('the status of a run', () => {
  it('tells of a whole run', () => {
    const { output } = completed('a', 'the report') as RecordBody & { readonly type: 'task.completed' }
    expect(
      statusOf([
        started([a]),
        submitted('a'),
        leased('a'),
        responded('a', 100),
        intended('a'),
        returned('a'),
        completed('a', 'the report'),
        { ...finished, output } as RecordBody,
      ]),
    ).toEqual({
      phase: 'Succeeded',
      reason: 'Succeeded',
      steps: [
        {
          name: 'a',
          phase: 'Succeeded',
          role: 'a',
          resolvedAgent: 'incident-a',
          attempts: 1,
          taskID: 'uid-1/a/1',
          output: 'the report',
          startTime: seconds(2),
          completionTime: seconds(6),
          tokenUsage: { inputTokens: 100, outputTokens: 5, totalTokens: 105 },
          toolCalls: [{ tool: 'slack/post_message', made: 1, failed: 0, denied: 0, unknown: 0 }],
          toolCallsMade: 1,
          toolCallsDenied: 0,
        },
      ],
      stepsDone: '1/1',
      output: 'the report',
      snapshotHash: 'hash',
      startTime: seconds(0),
      completionTime: seconds(7),
      duration: '7s',
      totalTokenUsage: { inputTokens: 100, outputTokens: 5, totalTokens: 105 },
      observedGeneration: 1,
      conditions: [
        {
          type: 'Succeeded',
          status: 'True',
          reason: 'Succeeded',
          message: '1 of 1 steps succeeded',
          observedGeneration: 1,
          lastTransitionTime: seconds(7),
        },
      ],
    })
  })

  it('W27 is Unknown until the end, and says where the run is', () => {
    const where = (...bodies: readonly RecordBody[]) => {
      const status = statusOf(bodies)
      const { status: known, reason, message } = succeeded(status) ?? {}
      return [status.phase, known, reason, message]
    }
    expect(where()).toEqual(['Pending', 'Unknown', 'Pending', 'the run was accepted and has not started yet'])
    expect(where(started([a]))).toEqual([
      'Running',
      'Unknown',
      'BetweenSteps',
      'the next step is being prepared',
    ])
    expect(where(started([a]), submitted('a'))).toEqual([
      'Running',
      'Unknown',
      'WaitingForAgent',
      'waiting for an agent: a (incident-a, since 2026-04-23T02:45:01Z); kubectl get swarmagents shows which are ready',
    ])
    expect(where(started([a]), submitted('a'), leased('a'))).toEqual([
      'Running',
      'Unknown',
      'StepRunning',
      'running: a (a-pod-1)',
    ])
    const retry = { ...submitted('a', 2), notBefore: second(9) } as RecordBody
    expect(where(started([a]), submitted('a'), failedTask('a'), retry)[2]).toBe('WaitingToRetry')
    const stopping: RecordBody = {
      type: 'run.stopping',
      phase: 'Failed',
      reason: 'TimedOut',
      message: 'too late',
    }
    expect(where(started([a]), submitted('a'), stopping)).toEqual([
      'Running',
      'Unknown',
      'Stopping',
      'waits for work in flight to stop: too late',
    ])
    expect(succeeded(statusOf([started([a])], { suspended: true }))?.reason).toBe('Suspended')
  })

  it('K5 keeps the transition time while the status stays, and takes it from the journal when it turns', () => {
    const pending = statusOf([], { now: start - 5000 })
    const running = statusOf([started([a])], { previous: pending })
    expect(succeeded(running)?.lastTransitionTime).toBe(succeeded(pending)?.lastTransitionTime)
    const end = statusOf([started([a]), finished], { previous: running })
    expect(succeeded(end)?.lastTransitionTime).toBe(seconds(1))
  })

  it('W1 K2 the clock alone changes nothing', () => {
    const bodies = [started([a, b]), submitted('a'), leased('a'), responded('a', 3)]
    const before = statusOf(bodies)
    expect(statusOf(bodies, { previous: before, now: start + 9_000_000 })).toEqual(before)
  })

  it('a failed step shows code, message and remedy', () => {
    const remedy = 'check the key in Secret x'
    const status = statusOf([
      started([a, b]),
      submitted('a'),
      leased('a'),
      failedTask('a', {
        code: 'ModelUnauthorized',
        message: 'the model answered 401',
        retryable: false,
        remedy,
      }),
      { type: 'step.failed', step: 'a', reason: 'ModelUnauthorized', message: 'the model answered 401' },
      { type: 'run.finished', phase: 'Failed', reason: 'StepFailed', message: 'step "a" failed' },
    ])
    expect(status).toMatchObject({
      phase: 'Failed',
      reason: 'StepFailed',
      stepsDone: '0/2',
      steps: [
        {
          name: 'a',
          phase: 'Failed',
          errorCode: 'ModelUnauthorized',
          message: 'the model answered 401',
          errorSuggestion: remedy,
        },
        { name: 'b', phase: 'Skipped', message: 'not started: step "a" failed' },
      ],
      conditions: [{ type: 'Succeeded', status: 'False', reason: 'StepFailed', message: 'step "a" failed' }],
    })
  })

  it('P7 names the calls whose outcome nobody knows', () => {
    const status = statusOf([
      started([a]),
      submitted('a'),
      leased('a'),
      intended('a'),
      { type: 'run.finished', phase: 'Failed', reason: 'TimedOut', message: 'too late' },
    ])
    expect(status.conditions?.[1]).toMatchObject({ type: 'OutcomeUnknown', status: 'True' })
    expect(status.conditions?.[1]?.message).toContain('slack/post_message in step "a"')
    expect(status.steps?.[0]).toMatchObject({ phase: 'Cancelled', errorCode: 'OutcomeUnknown' })
  })

  it('a retry shows what went wrong before', () => {
    const retry = { ...submitted('a', 2), notBefore: second(9) } as RecordBody
    const [step] = statusOf([started([a]), submitted('a'), failedTask('a'), retry]).steps ?? []
    expect(step).toMatchObject({ phase: 'Pending', attempts: 2 })
    expect(step?.message).toBe(
      `attempt 2 starts after ${seconds(9)}; attempt before failed with ModelServerError: the model answered 503`,
    )
  })

  it('an output over 8 KiB is shown by its head and a reference', () => {
    const text = 'x'.repeat(9000)
    const [step] = statusOf([started([a]), submitted('a'), completed('a', text)]).steps ?? []
    expect(step?.output).toHaveLength(8192)
    expect(step?.outputRef).toMatchObject({ bytes: 9000 })
    const [short] = statusOf([started([a]), submitted('a'), completed('a', 'short')]).steps ?? []
    expect(short?.outputRef).toBeUndefined()
  })

  it.each([
    { reason: 'letters', character: 'x' },
    { reason: 'NULs, six bytes each in JSON', character: '\0' },
    { reason: 'lone surrogates', character: '\ud800' },
    { reason: 'emoji', character: '😀' },
  ])('K3 F65 C3 stays far below 256 KiB for 200 steps of huge outputs: $reason', ({ character }) => {
    const steps = Array.from({ length: 200 }, (_, index) => stepPlan({ name: `step-${index}` }))
    const huge = character.repeat(20_000)
    const bodies: RecordBody[] = [started(steps)]
    for (const { name } of steps) {
      bodies.push(submitted(name), leased(name))
      for (let call = 0; call < 20; call += 1) {
        bodies.push({
          type: 'tool.denied',
          step: name,
          attempt: 1,
          turn: 1,
          call,
          server: `s${call}`,
          tool: character.repeat(300),
          arguments: {},
          reason: 'UnknownTool',
          rule: 'r',
          message: 'm',
        })
      }
      if (name === 'step-199') bodies.push(failedTask(name, { message: huge, remedy: huge }))
      else bodies.push(completed(name, name === 'step-7' ? 'short' : huge))
    }
    bodies.push({ type: 'run.finished', phase: 'Failed', reason: 'StepFailed', message: huge })
    const status = statusOf(bodies)
    expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThan(200 * 1024)
    expect(status.steps?.[7]).toMatchObject({ output: 'short', toolCallsDenied: 20 })
    expect(status.steps?.[0]?.output?.length).toBeGreaterThan(50)
    expect(status.steps?.[0]?.outputRef).toBeDefined()
    for (const { toolCalls = [] } of status.steps ?? []) {
      expect(new Set(toolCalls.map(({ tool }) => tool)).size).toBe(toolCalls.length)
    }
  })
})
