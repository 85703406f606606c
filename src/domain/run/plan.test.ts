import { describe, expect, it } from 'vitest'
import { emptyRun } from '../journal/fold.ts'
import type { RecordBody } from '../journal/record.ts'
import { contentsNeeded, planRun } from './plan.ts'
import type { PlanRunRequest, RunAction } from './plan.ts'
import {
  completed,
  failedTask,
  intended,
  leased,
  responded,
  returned,
  run,
  second,
  start,
  started,
  stateOf,
  stepPlan,
  submitted,
} from './testing/journal-of.ts'

const request: Omit<PlanRunRequest, 'state'> = {
  run,
  now: start + 10_000,
  retries: () => 3,
  random: () => 0.5,
  contents: () => undefined,
  salt: 'a salt of this installation',
}
const plan = (
  bodies: Parameters<typeof stateOf>[0],
  rest: Partial<PlanRunRequest> = {},
): readonly RunAction[] => planRun({ ...request, state: stateOf(bodies), ...rest })

/** What happens, in a few words. */
const brief = (actions: readonly RunAction[]): readonly string[] =>
  actions.map((action) => {
    switch (action.type) {
      case 'submit':
        return `submit ${action.task.step}/${action.task.attempt}${action.task.notBefore === undefined ? '' : ` at ${action.task.notBefore}`}`
      case 'record':
        return action.records
          .map(
            (body) =>
              `${body.type}${'step' in body ? ` ${body.step}` : ''}${'reason' in body ? ` ${body.reason}` : ''}`,
          )
          .join(', ')
      case 'cancel':
        return 'cancel'
      case 'finish':
        return `finish ${action.record.phase} ${action.record.reason}`
      case 'wait':
        return `wait ${new Date(action.until).toISOString()}`
    }
  })
const messageOf = (actions: readonly RunAction[]): string => {
  const finish = actions.find(({ type }) => type === 'finish')
  return finish?.type === 'finish' ? finish.record.message : ''
}
const outputOf = (actions: readonly RunAction[]): unknown => {
  const finish = actions.find(({ type }) => type === 'finish')
  return finish?.type === 'finish' ? finish.record.output?.head : undefined
}
const failureOf = (actions: readonly RunAction[]): string | undefined =>
  actions
    .flatMap((action) => (action.type === 'record' ? action.records : []))
    .find((body) => body.type === 'step.failed')?.message

const a = stepPlan({ name: 'a' })
const b = stepPlan({
  name: 'b',
  dependsOn: ['a'],
  inputs: [{ name: 'x', template: '{{ .steps.a.output }}' }],
})
const done = (name: string, output = name): readonly RecordBody[] => [
  submitted(name),
  leased(name),
  completed(name, output),
]

describe('planning', () => {
  it('submits all steps that may run, and no other', () => {
    expect(brief(plan([started([a, stepPlan({ name: 'c' }), b])]))).toEqual(['submit a/1', 'submit c/1'])
    expect(brief(plan([started([a, b]), submitted('a'), leased('a')]))).toEqual([])
    expect(brief(plan([started([a, b]), ...done('a')]))).toEqual(['submit b/1'])
  })

  it('W3: reads a typed output as data, and tells the model of the step which schema its answer must fit', () => {
    const schema = { type: 'object', properties: { cause: { enum: ['db'] } } }
    const typed = stepPlan({ name: 'a', outputRules: { schema, rejectPatterns: [], retries: 2 } })
    const next = stepPlan({
      name: 'b',
      dependsOn: ['a'],
      if: '{{ eq .steps.a.data.cause "db" }}',
      inputs: [{ name: 'cause', template: '{{ .steps.a.data.cause }}' }],
    })
    const [first] = plan([started([typed, next])])
    expect(first).toMatchObject({ type: 'submit', task: { outputRules: { schema } } })
    expect(first?.type === 'submit' && first.task.prompt).toContain(JSON.stringify(schema))
    const [second] = plan([started([typed, next]), ...done('a', '{"cause":"db"}')])
    expect(second?.type === 'submit' && second.task.prompt).toMatch(
      /cause:\n<untrusted-\w+ from="step a">\ndb\n/,
    )
  })

  it('hands a task all that its agent needs', () => {
    const [action] = plan(
      [started([stepPlan({ name: 'a', mustCall: ['slack/*'], maxOutputBytes: 7 })], { timeoutSeconds: 60 })],
      {
        traceparent: '00-1-2-01',
      },
    )
    expect(action).toEqual({
      type: 'submit',
      task: {
        id: 'uid-1/a/1',
        run,
        step: 'a',
        attempt: 1,
        agent: { namespace: 'incident-response', name: 'incident-a' },
        prompt: 'alert:\nP-48291',
        input: { alert: 'P-48291' },
        mustCall: ['slack/*'],
        maxOutputBytes: 7,
        deadline: second(60),
        traceparent: '00-1-2-01',
      },
      records: [{ type: 'step.submitted', step: 'a', attempt: 1, task: 'uid-1/a/1', agent: 'incident-a' }],
    })
  })

  it('W6 F03 plans the same again while nothing has happened, delimiters included', () => {
    const bodies = [started([a, b], { timeoutSeconds: 60 }), ...done('a')]
    expect(plan(bodies)).toEqual(plan(bodies))
    const promptWith = (salt: string) => {
      const [action] = plan(bodies, { salt })
      return action?.type === 'submit' ? action.task.prompt : ''
    }
    expect(promptWith('one salt')).not.toBe(promptWith('another salt'))
  })

  it('does nothing before a run has started and after it has finished', () => {
    expect(planRun({ ...request, state: emptyRun })).toEqual([])
    expect(
      plan([started([a]), { type: 'run.finished', phase: 'Succeeded', reason: 'Succeeded', message: '' }]),
    ).toEqual([])
  })

  describe('conditions', () => {
    const guarded = stepPlan({ name: 'g', dependsOn: ['a'], if: '{{ eq .steps.a.output "page" }}' })
    const after = stepPlan({
      name: 'z',
      dependsOn: ['g'],
      inputs: [{ name: 'prompt', template: '<{{ .steps.g.output }}{{ .steps.g.status }}>' }],
    })

    it('a step whose condition is not met is skipped, and what follows runs with an empty output', () => {
      const actions = plan([started([a, guarded, after]), ...done('a', 'ignore')])
      expect(brief(actions)).toEqual(['step.skipped g ConditionFalse', 'submit z/1'])
      expect(actions[1]).toMatchObject({ task: { prompt: '<Skipped>' } })
    })

    it('a step whose condition is met runs', () => {
      expect(brief(plan([started([a, guarded, after]), ...done('a', 'page')]))).toEqual(['submit g/1'])
    })

    it('a condition is not asked again for another attempt', () => {
      const bodies = [
        started([a, guarded]),
        ...done('a', 'page'),
        submitted('g'),
        leased('g'),
        failedTask('g'),
      ]
      expect(brief(plan(bodies))[0]).toMatch(/^submit g\/2/)
    })

    it('a condition that fails is a failure, never a skip', () => {
      const broken = stepPlan({ name: 'g', dependsOn: ['a'], if: '{{ .steps.a.data.severity }}' })
      const actions = plan([started([a, broken]), ...done('a', 'no JSON')])
      expect(brief(actions)).toEqual([
        'step.failed g TemplateError',
        'run.stopping StepFailed',
        'finish Failed StepFailed',
      ])
      expect(failureOf(actions)).toContain(
        'the template of if fails at line 1, column 4: .steps.a.data is not in the data',
      )
    })
  })

  describe('failures', () => {
    const failing = (rest: Parameters<typeof failedTask>[1] = {}, ...before: readonly RecordBody[]) => [
      started([a]),
      submitted('a'),
      leased('a'),
      ...before,
      failedTask('a', rest),
    ]

    it('a failure that may pass is tried again after a pause with jitter', () => {
      expect(brief(plan(failing()))).toEqual([`submit a/2 at ${new Date(start + 3500).toISOString()}`])
      expect(brief(plan(failing(), { random: () => 0 }))).toEqual([`submit a/2 at ${second(3)}`])
    })

    it('the pause doubles with each attempt, up to a minute', () => {
      const bodies: RecordBody[] = [started([a])]
      const pauses: number[] = []
      for (let attempt = 1; attempt <= 9; attempt += 1) {
        bodies.push(submitted('a', attempt), failedTask('a', { attempt }))
        const [action] = plan(bodies, { retries: () => 99, random: () => 0.999_999 })
        const at = action?.type === 'submit' ? Date.parse(action.task.notBefore ?? '') : 0
        pauses.push(Math.round((at - Date.parse(second(bodies.length - 1))) / 1000))
      }
      expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
    })

    it('F20 the other side’s wish is kept', () => {
      expect(brief(plan(failing({ retryAfterMs: 30_000 })))).toEqual([`submit a/2 at ${second(33)}`])
    })

    it('retries: 0 means none', () => {
      const actions = plan(failing(), { retries: () => 0 })
      expect(brief(actions)).toEqual([
        'step.failed a ModelServerError',
        'run.stopping StepFailed',
        'finish Failed StepFailed',
      ])
      expect(messageOf(actions)).toBe(
        'step "a" failed with ModelServerError: the model answered 503 (attempt 1 of 1)',
      )
    })

    it('ends when the attempts are used up', () => {
      const bodies: RecordBody[] = [started([a])]
      for (const attempt of [1, 2, 3]) bodies.push(submitted('a', attempt), failedTask('a', { attempt }))
      expect(brief(plan(bodies, { retries: () => 2 }))[0]).toBe('step.failed a ModelServerError')
      expect(brief(plan(bodies, { retries: () => 3 }))[0]).toMatch(/^submit a\/4/)
    })

    it('F21 what cannot pass is not tried again', () => {
      expect(brief(plan(failing({ code: 'ModelUnauthorized', retryable: false })))[0]).toBe(
        'step.failed a ModelUnauthorized',
      )
    })

    it('D5 an attempt that wrote to the outside is not repeated', () => {
      const actions = plan(failing({}, intended('a'), returned('a')))
      expect(failureOf(actions)).toBe(
        'the model answered 503; not tried again, because slack/post_message has already taken effect',
      )
    })

    it('P7 D6 a write that was announced and never told of is unknown, whatever ended the attempt', () => {
      const actions = plan(failing({}, intended('a')))
      expect(brief(actions)[0]).toBe('step.failed a OutcomeUnknown')
      expect(failureOf(actions)).toBe('the model answered 503; the outcome of slack/post_message is unknown')
    })

    it('reads and refused writes do no harm: they are repeated', () => {
      expect(brief(plan(failing({}, intended('a', 'read-only'), returned('a'))))[0]).toMatch(/^submit a\/2/)
      expect(brief(plan(failing({}, intended('a', 'idempotent'), returned('a'))))[0]).toMatch(/^submit a\/2/)
      expect(brief(plan(failing({}, intended('a'), returned('a', { isError: true }))))[0]).toMatch(
        /^submit a\/2/,
      )
    })

    it('P7 F02 an unknown outcome ends the run as unknown', () => {
      const actions = plan(
        failing({ code: 'OutcomeUnknown', message: 'slack/post_message was cut off', retryable: false }),
      )
      expect(brief(actions)).toEqual([
        'step.failed a OutcomeUnknown',
        'run.stopping OutcomeUnknown',
        'finish Failed OutcomeUnknown',
      ])
    })

    it('F31 D10 a step whose mustCall is unmet fails the run', () => {
      const actions = plan([
        started([stepPlan({ name: 'a', mustCall: ['slack/post_message'] })]),
        ...done('a', 'posted!'),
      ])
      expect(brief(actions)).toEqual([
        'step.failed a RequiredToolNotCalled',
        'run.stopping StepFailed',
        'finish Failed StepFailed',
      ])
    })

    it('does not begin an attempt after the deadline', () => {
      const bodies = [
        started([a], { timeoutSeconds: 20 }),
        submitted('a'),
        leased('a'),
        failedTask('a', { retryAfterMs: 60_000 }),
      ]
      expect(failureOf(plan(bodies))).toContain(
        'not tried again, because the next attempt would start after the deadline',
      )
    })

    it('W5 an output that the store lost is named', () => {
      const actions = plan([started([a, b]), ...done('a', 'x'.repeat(10_000))])
      expect(brief(actions)[0]).toBe('step.failed b OutputUnavailable')
    })

    it('reads long outputs in full', () => {
      const long = `${'x'.repeat(10_000)}END`
      const bodies = [started([a, b]), ...done('a', long)]
      const [sha256 = ''] = contentsNeeded(stateOf(bodies))
      const [action] = plan(bodies, { contents: (hash) => (hash === sha256 ? long : undefined) })
      expect(action?.type === 'submit' && action.task.prompt.includes('xEND\n')).toBe(true)
    })
  })

  describe('ends', () => {
    const c = stepPlan({ name: 'c' })

    it('all done: the output is the last step’s', () => {
      const actions = plan([started([a, b]), ...done('a', 'one'), ...done('b', 'two')])
      expect(brief(actions)).toEqual(['finish Succeeded Succeeded'])
      expect(outputOf(actions)).toBe('two')
      expect(messageOf(actions)).toBe('2 of 2 steps succeeded')
    })

    it('W23 an output template gives plain text', () => {
      const actions = plan([started([a], { output: 'Result: {{ .steps.a.output }}' }), ...done('a', 'one')])
      expect(outputOf(actions)).toBe('Result: one')
      expect(actions).toMatchObject([{ contents: ['Result: one'] }])
    })

    it('an output that cannot be made is a failure', () => {
      const actions = plan([started([a], { output: '{{ .steps.a.data.x }}' }), ...done('a', 'one')])
      expect(brief(actions)).toEqual(['finish Failed TemplateError'])
      expect(messageOf(actions)).toContain('the template of output fails at line 1, column 4')
    })

    it('W4 a run past its deadline stops what runs, and says what was not done', () => {
      const bodies = [started([a, b], { timeoutSeconds: 60 }), submitted('a'), leased('a')]
      expect(brief(plan(bodies))).toEqual([`wait ${second(60)}`])
      const actions = plan(bodies, { now: start + 60_000 })
      expect(brief(actions)).toEqual(['run.stopping TimedOut', 'cancel', `wait ${second(80)}`])
    })

    it('P6 D7 a stopped run waits for those at work, and not for ever', () => {
      const bodies: readonly RecordBody[] = [
        started([a, b], { timeoutSeconds: 4 }),
        submitted('a'),
        leased('a'),
        intended('a'),
        { type: 'run.stopping', phase: 'Failed', reason: 'TimedOut', message: 'too late' },
      ]
      expect(brief(plan(bodies, { now: start + 20_000 }))).toEqual(['cancel', `wait ${second(24)}`])
      const stopped: RecordBody = {
        type: 'task.cancelled',
        step: 'a',
        attempt: 1,
        task: 't',
        reason: 'told to',
      }
      expect(brief(plan([...bodies, stopped], { now: start + 20_000 }))).toEqual(['finish Failed TimedOut'])
      const late = plan(bodies, { now: start + 24_000 })
      expect(brief(late)).toEqual(['cancel', 'finish Failed TimedOut'])
      expect(messageOf(late)).toBe('too late; the outcome of slack/post_message in step "a" is unknown')
    })

    it('nothing is submitted once a run is stopping, whatever completes', () => {
      const bodies: readonly RecordBody[] = [
        started([a, c, b]),
        submitted('a'),
        submitted('c'),
        { type: 'run.stopping', phase: 'Cancelled', reason: 'Cancelled', message: '' },
        leased('a'),
        completed('a', 'one'),
      ]
      expect(brief(plan(bodies))).toEqual(['cancel', `wait ${second(23)}`])
    })

    it('a failed step stops its independent siblings', () => {
      const bodies = [
        started([a, c]),
        submitted('a'),
        submitted('c'),
        leased('c'),
        failedTask('a', { retryable: false }),
      ]
      expect(brief(plan(bodies))).toEqual([
        'step.failed a ModelServerError',
        'run.stopping StepFailed',
        'cancel',
        `wait ${second(30)}`,
      ])
    })

    it('cancel ends a run as Cancelled', () => {
      expect(brief(plan([started([a])], { cancel: true }))).toEqual([
        'run.stopping Cancelled',
        'finish Cancelled Cancelled',
      ])
      expect(brief(plan([started([a]), submitted('a')], { cancel: true }))[1]).toBe('cancel')
    })

    it('what is all done when the deadline passes or cancel comes has succeeded', () => {
      const bodies = [started([a], { timeoutSeconds: 5 }), ...done('a')]
      expect(brief(plan(bodies, { now: start + 60_000, cancel: true }))).toEqual([
        'finish Succeeded Succeeded',
      ])
    })

    it('P5 maxTokens stops the run, also when the last step used them up', () => {
      const running = [started([a, b], { maxTokens: 100 }), submitted('a'), leased('a'), responded('a', 101)]
      expect(brief(plan(running))).toEqual([
        'run.stopping RunTokensExhausted',
        'cancel',
        `wait ${second(30)}`,
      ])
      const over = [
        started([a], { maxTokens: 100 }),
        submitted('a'),
        leased('a'),
        responded('a', 101),
        completed('a', 'x'),
      ]
      expect(brief(plan(over))).toEqual([
        'run.stopping RunTokensExhausted',
        'finish Failed RunTokensExhausted',
      ])
      const within = [
        started([a], { maxTokens: 106 }),
        submitted('a'),
        leased('a'),
        responded('a', 101),
        completed('a', 'x'),
      ]
      expect(brief(plan(within))).toEqual(['finish Succeeded Succeeded'])
    })

    it('suspend starts nothing new and lets the deadline run', () => {
      const bodies = [
        started([a, c, b], { timeoutSeconds: 60 }),
        ...done('a'),
        submitted('c'),
        failedTask('c'),
      ]
      expect(brief(plan(bodies, { suspend: true }))).toEqual([`wait ${second(60)}`])
      expect(brief(plan(bodies, { suspend: true, now: start + 60_000 }))[0]).toBe('run.stopping TimedOut')
    })
  })
})
