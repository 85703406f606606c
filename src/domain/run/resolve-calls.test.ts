// What a person's word about an unknown outcome does to a run: decided, folded and planned on.

import { expect, test } from 'vitest'
import type { RecordBody } from '../journal/record.ts'
import { planRun, type RunAction } from './plan.ts'
import { resolveCalls, type ResolveRequest } from './resolve-calls.ts'
import {
  completed,
  failedTask,
  intended,
  leased,
  run,
  second,
  started,
  stateOf,
  stepPlan,
  submitted,
} from './testing/journal-of.ts'

type Bodies = Parameters<typeof stateOf>[0]

const investigator = stepPlan({ name: 'investigator' })
const notifier = stepPlan({ name: 'notifier', dependsOn: ['investigator'], mustCall: ['slack/post_message'] })
const closer = stepPlan({ name: 'closer', dependsOn: ['notifier'] })
const unknown = (step: string, attempt = 1): RecordBody => ({
  type: 'tool.outcome-unknown',
  step,
  attempt,
  turn: 1,
  call: 0,
  server: 'slack',
  tool: 'post_message',
  message: 'nobody knows',
})
const unknownTask = (step: string, attempt = 1): RecordBody =>
  failedTask(step, { attempt, code: 'OutcomeUnknown', message: 'nobody knows', retryable: false })

const actionsOn = (bodies: Bodies, now = Date.parse(second(bodies.length))): readonly RunAction[] =>
  planRun({
    run,
    state: stateOf(bodies),
    now,
    retries: () => 0,
    random: () => 0,
    contents: () => undefined,
    salt: 'a salt of sixteen or more',
  })

/** The journal after planning has gone as far as it can; tasks are submitted, and nobody works on them. */
const planned = (bodies: Bodies): Bodies =>
  actionsOn(bodies).reduce<Bodies>((journal, action) => {
    if (action.type === 'submit' || action.type === 'record') return [...journal, ...action.records]
    return action.type === 'finish' ? [...journal, action.record] : journal
  }, bodies)

const ended = planned([
  started([investigator, notifier, closer], { timeoutSeconds: 60 }),
  submitted('investigator'),
  leased('investigator'),
  completed('investigator', 'found'),
  submitted('notifier'),
  leased('notifier'),
  intended('notifier'),
  unknown('notifier'),
  unknownTask('notifier'),
])

const wordOn = (bodies: Bodies, word: Partial<ResolveRequest> = {}) => {
  const decision = resolveCalls({ state: stateOf(bodies), outcome: 'done', by: 'alice', ...word })
  if (decision.type === 'refused') throw new Error(decision.message)
  return decision
}
const after = (bodies: Bodies, word: Partial<ResolveRequest> = {}): Bodies => [
  ...bodies,
  ...wordOn(bodies, word).records,
]

test('P7 a run with an unknown outcome ends and says so', () => {
  expect(stateOf(ended)).toMatchObject({ phase: 'Failed', reason: 'OutcomeUnknown' })
  expect(stateOf(ended).steps.map(({ phase }) => phase)).toEqual(['Succeeded', 'Failed', 'Skipped'])
})

test('F02 done: the step goes on with its conversation, the call counts as made, and no step runs again', () => {
  const open = after(ended)
  expect(stateOf(open)).toMatchObject({ phase: 'Running', round: 2 })
  expect(stateOf(open).steps[1]?.tools).toMatchObject([{ made: 1, succeeded: 1, unknown: 0 }])
  const [action] = actionsOn(open)
  expect(action).toMatchObject({
    type: 'submit',
    task: { step: 'notifier', attempt: 2, continues: 1, id: 'uid-1/notifier/2' },
    records: [{ type: 'step.submitted', continues: 1 }],
  })
  const goesOn = [...planned(open), leased('notifier', 2), completed('notifier', 'posted', 2)]
  // mustCall is satisfied by the call that a person confirmed.
  expect(stateOf(goesOn).steps[1]?.phase).toBe('Succeeded')
  const end = planned([...planned(goesOn), leased('closer'), completed('closer', 'over')])
  expect(stateOf(end)).toMatchObject({ phase: 'Succeeded' })
  expect(end.filter(({ type }) => type === 'run.finished')).toMatchObject([
    { phase: 'Failed' },
    { phase: 'Succeeded', round: 2 },
  ])
})

test('not-done: the call failed, and does not satisfy mustCall', () => {
  const open = after(ended, { outcome: 'not-done' })
  expect(stateOf(open).steps[1]?.tools).toMatchObject([{ made: 1, succeeded: 0, failed: 1, unknown: 0 }])
  const goesOn = [...planned(open), leased('notifier', 2), completed('notifier', 'I posted it', 2)]
  expect(stateOf(goesOn).steps[1]).toMatchObject({ failure: { code: 'RequiredToolNotCalled' } })
})

test('the prompt of a step that goes on is the one its conversation began with', () => {
  const [first] = actionsOn(ended.slice(0, 4))
  const [next] = actionsOn(after(ended))
  const promptOf = (action: RunAction | undefined) =>
    action?.type === 'submit' ? action.task.prompt : undefined
  expect(promptOf(first)).toBeDefined()
  expect(promptOf(next)).toBe(promptOf(first))
})

test('D7 P6 a reopened run has its deadline anew', () => {
  const late = 1000
  const open: Bodies = [...ended, ...wordOn(ended).records.map((record) => ({ ...record, second: late }))]
  const actions = actionsOn(open, Date.parse(second(late)))
  expect(actions.at(-1)).toEqual({ type: 'wait', until: Date.parse(second(late + 60)) })
  expect(stateOf(planned(open)).phase).toBe('Running')
})

test('a second unknown outcome of the same step ends the run again, and can be resolved again', () => {
  const again = planned([
    ...planned(after(ended, { outcome: 'not-done' })),
    leased('notifier', 2),
    intended('notifier', 'write', { attempt: 2 }),
    unknown('notifier', 2),
    unknownTask('notifier', 2),
  ])
  expect(stateOf(again)).toMatchObject({ phase: 'Failed', reason: 'OutcomeUnknown', round: 2 })
  const open = after(again)
  expect(stateOf(open)).toMatchObject({ phase: 'Running', round: 3 })
  expect(actionsOn(open)[0]).toMatchObject({ task: { attempt: 3, continues: 2 } })
})

test('D2 D3 a step that completed after the run had ended without its word is not done again', () => {
  const cut: Bodies = [
    started([stepPlan({ name: 'notifier' }), stepPlan({ name: 'beside' })]),
    submitted('notifier'),
    submitted('beside'),
    leased('notifier'),
    leased('beside'),
    intended('notifier'),
    unknown('notifier'),
    unknownTask('notifier'),
    { type: 'step.failed', step: 'notifier', reason: 'OutcomeUnknown', message: 'nobody knows' },
    { type: 'run.stopping', phase: 'Failed', reason: 'OutcomeUnknown', message: 'stopped' },
    { type: 'run.finished', phase: 'Failed', reason: 'OutcomeUnknown', message: 'stopped' },
    completed('beside', 'done after all'),
  ]
  const phases = (bodies: Bodies) => stateOf(bodies).steps.map(({ phase }) => phase)
  expect(phases(cut)).toEqual(['Failed', 'Cancelled'])
  const open = after(cut)
  expect(phases(open)).toEqual(['AttemptFailed', 'Succeeded'])
  expect(actionsOn(open)).toMatchObject([{ type: 'submit', task: { step: 'notifier', attempt: 2 } }])
})

test('steps that were cut off beside it go on as well, once nothing about them is unknown', () => {
  const beside = stepPlan({ name: 'beside' })
  const alone = stepPlan({ name: 'notifier' })
  const cut = planned([
    started([alone, beside]),
    submitted('notifier'),
    submitted('beside'),
    leased('notifier'),
    leased('beside'),
    intended('beside'),
    intended('notifier'),
    unknown('notifier'),
    unknownTask('notifier'),
    { type: 'run.stopping', phase: 'Failed', reason: 'OutcomeUnknown', message: 'stopped' },
    unknown('beside'),
    { type: 'task.cancelled', step: 'beside', attempt: 1, task: 'uid-1/beside/1', reason: 'stopped' },
  ])
  expect(stateOf(cut).reason).toBe('OutcomeUnknown')
  expect(resolveCalls({ state: stateOf(cut), outcome: 'done', by: 'alice' })).toMatchObject({
    type: 'refused',
    remedy: 'name one of these steps: notifier, beside',
  })
  const first = wordOn(cut, { step: 'notifier' })
  expect(first).toMatchObject({ reopened: false, left: ['beside'] })
  const half = [...cut, ...first.records]
  expect(stateOf(half).phase).toBe('Failed')
  const open = after(half)
  expect(actionsOn(open).filter(({ type }) => type === 'submit')).toMatchObject([
    { task: { step: 'notifier', continues: 1 } },
    { task: { step: 'beside', continues: 1 } },
  ])
})

test.each<{ readonly what: string; readonly bodies: Bodies }>([
  { what: 'runs', bodies: ended.slice(0, 6) },
  { what: 'succeeded', bodies: planned([started([investigator]), completed('investigator', 'x')]) },
  { what: 'was resolved before', bodies: after(ended) },
])('a run that $what is not resolved', ({ bodies }) => {
  expect(resolveCalls({ state: stateOf(bodies), outcome: 'done', by: 'alice' })).toMatchObject({
    type: 'refused',
    code: 'InvalidInput',
  })
})

test('the word of an owner that comes after a person’s changes nothing', () => {
  const open = planned(after(ended))
  const late: RecordBody = {
    type: 'task.cancelled',
    step: 'notifier',
    attempt: 1,
    task: 'uid-1/notifier/1',
    reason: 'late',
  }
  expect(stateOf([...open, late]).steps).toEqual(stateOf(open).steps)
})
