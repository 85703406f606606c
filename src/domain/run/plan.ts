// The run engine's decisions: from the state of a run to the actions that move it on. Pure and idempotent: planning
// again on the same state gives the same actions, and all ids and keys in them are deterministic, so that executing
// them twice (after a crash, or by two leaders) changes nothing.

import { applyRecord, isFinished } from '../journal/fold.ts'
import type { RunState, StepState } from '../journal/fold.ts'
import type { RecordBody } from '../journal/record.ts'
import { isDone, isInFlight } from '../journal/step-phase.ts'
import { isWhole } from '../journal/stored-text.ts'
import { decideAttempt } from './decide-attempt.ts'
import { decideEnd, finishStopped, finishSucceeded, stopGraceMs } from './decide-end.ts'
import { roundOf } from './round.ts'
import { deadlineOf } from './deadline.ts'
import type { Planning, PlanRunRequest, RunAction } from './planning.ts'
import { startStep } from './start-step.ts'

export type { PlanRunRequest, RunAction } from './planning.ts'

export const planRun = (request: PlanRunRequest): readonly RunAction[] => {
  const { snapshot } = request.state
  if (snapshot === undefined) return []
  const at = new Date(request.now).toISOString()
  const actions: RunAction[] = []
  let state = request.state
  // Each decision is applied at once, so that one planning goes as far as it can: a skipped step frees the next.
  while (!isFinished(state)) {
    const next = decide({ ...request, state, snapshot })
    if (next === undefined) break
    // Past its grace a run ends without the word of those at work; their tasks must not outlive it.
    if (next.type === 'finish' && state.steps.some(isInFlight))
      actions.push({ type: 'cancel', reason: next.record.message })
    actions.push(next)
    state = recordsOf(next).reduce((before, body) => applyRecord(before, body, at), state)
  }
  return [...actions, ...waiting({ ...request, state, snapshot })]
}

/** Hashes of the outputs that planning may have to read in full. */
export const contentsNeeded = (state: RunState): readonly string[] =>
  isFinished(state)
    ? []
    : state.steps.flatMap(({ output }) => (output === undefined || isWhole(output) ? [] : [output.sha256]))

/** The next thing to do that changes the state, or undefined when only others can change it. */
const decide = (planning: Planning): RunAction | undefined => {
  const { state, now, suspend = false } = planning
  if (state.stopping !== undefined) {
    const graceIsOver = now >= Date.parse(state.stopping.at) + stopGraceMs
    return graceIsOver || !state.steps.some(isInFlight) ? finishStopped(state, state.stopping) : undefined
  }
  const end = decideEnd(planning)
  if (end !== undefined) return record({ type: 'run.stopping', ...end, ...roundOf(state) })
  if (state.steps.every(isDone)) return finishSucceeded(planning)

  for (const step of state.steps.filter(({ phase }) => phase === 'AttemptFailed')) {
    const attempt = decideAttempt(planning, step)
    if (attempt.type === 'failed') {
      const { reason, message } = attempt
      return record({ type: 'step.failed', step: step.name, reason, message, ...roundOf(state) })
    }
    if (!suspend) return startStep(planning, step, attempt)
  }
  const ready = suspend ? undefined : state.steps.find((step) => isReady(planning, step))
  return ready === undefined ? undefined : startStep(planning, ready, { attempt: 1 })
}

const record = (body: RecordBody): RunAction => ({ type: 'record', records: [body] })

const recordsOf = (action: RunAction): readonly RecordBody[] => {
  switch (action.type) {
    case 'submit':
    case 'record':
      return action.records
    case 'finish':
      return [action.record]
    case 'cancel':
    case 'wait':
      return []
  }
}

const isReady = ({ snapshot, state }: Planning, step: StepState): boolean => {
  if (step.phase !== 'Pending') return false
  const plan = snapshot.steps.find(({ name }) => name === step.name)
  const done = new Set(state.steps.filter(isDone).map(({ name }) => name))
  return plan?.dependsOn.every((name) => done.has(name)) ?? false
}

/** What is left when nothing can be decided now: tell those who work to stop, and when to look again. */
const waiting = (planning: Planning): readonly RunAction[] => {
  const { state } = planning
  if (isFinished(state)) return []
  const { stopping } = state
  if (stopping === undefined) {
    const deadline = deadlineOf(planning)
    return deadline === undefined ? [] : [{ type: 'wait', until: deadline }]
  }
  return [
    { type: 'cancel', reason: stopping.message },
    { type: 'wait', until: Date.parse(stopping.at) + stopGraceMs },
  ]
}
