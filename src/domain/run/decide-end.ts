// How a run ends: early, when something makes going on pointless, or with all its steps done.

import type { RunEnd, RunState, StepState } from '../journal/fold.ts'
import { isDone, isInFlight, isStepFinal } from '../journal/step-phase.ts'
import { storeText } from '../journal/stored-text.ts'
import { totalTokens } from '../journal/usage.ts'
import { deadlineOf } from './deadline.ts'
import type { Planning, RunAction } from './planning.ts'
import { roundOf } from './round.ts'
import { runData } from './run-data.ts'
import { renderPlain } from './step-prompt.ts'

/** How long cancelled work gets to stop and to say what it did, before the run ends without its word. */
export const stopGraceMs = 20_000

/** Why the run must end now although not all is done; undefined to go on. */
export const decideEnd = (planning: Planning): RunEnd | undefined => {
  const { state, snapshot, now, cancel = false } = planning
  const failed = firstToEnd(state.steps.filter(({ phase }) => phase === 'Failed' || phase === 'Cancelled'))
  if (failed !== undefined) return stepEnd(failed)

  // Spent is spent: also when it was the last step that did it.
  const used = totalTokens(state.usage)
  const { maxTokens } = snapshot
  if (maxTokens !== undefined && used > maxTokens) {
    const message = `the run has used ${used} tokens and may use ${maxTokens} (maxTokens)`
    return { phase: 'Failed', reason: 'RunTokensExhausted', message }
  }
  if (state.steps.every(isDone)) return undefined
  if (cancel) return { phase: 'Cancelled', reason: 'Cancelled', message: 'the run was cancelled' }
  const deadline = deadlineOf(planning)
  if (deadline !== undefined && now >= deadline) {
    const open = state.steps.filter((step) => !isStepFinal(step)).map(whereIs)
    const message = `the run took longer than its ${snapshot.timeoutSeconds} seconds (timeoutSeconds); not done: ${open.join(', ')}`
    return { phase: 'Failed', reason: 'TimedOut', message }
  }
  return undefined
}

const firstToEnd = (steps: readonly StepState[]): StepState | undefined =>
  steps.toSorted((a, b) => (a.completedAt ?? '').localeCompare(b.completedAt ?? ''))[0]

const stepEnd = ({ name, failure }: StepState): RunEnd => {
  const { code = 'Internal', message = 'no reason was given' } = failure ?? {}
  return {
    phase: 'Failed',
    reason: code === 'OutcomeUnknown' ? 'OutcomeUnknown' : 'StepFailed',
    message: `step ${JSON.stringify(name)} failed with ${code}: ${message}`,
  }
}

const whereIs = ({ name, phase, agent, holder }: StepState): string => {
  if (phase === 'Running') return `${name} (running on ${holder ?? agent})`
  return phase === 'Submitted' ? `${name} (waiting for agent ${agent})` : name
}

/** The end that was decided, once nothing is in flight or the grace is over. */
export const finishStopped = (state: RunState, { phase, reason, message }: RunEnd): RunAction => {
  const unknown = unknownOutcomes(state)
  const doubt = unknown.length === 0 ? '' : `; the outcome of ${unknown.join(', ')} is unknown`
  return {
    type: 'finish',
    record: { type: 'run.finished', phase, reason, message: `${message}${doubt}`, ...roundOf(state) },
    contents: [],
  }
}

/** Calls that may or may not have taken effect: said by the agent or the queue, or cut off by the end of the run. */
export const unknownOutcomes = ({ steps }: Pick<RunState, 'steps'>): readonly string[] =>
  steps.flatMap((step) => {
    const said = step.tools.filter(({ unknown }) => unknown > 0).map(({ tool }) => tool)
    const isCut = isInFlight(step) || step.failure?.code === 'OutcomeUnknown'
    const cut = isCut ? step.openCalls.filter(({ write }) => write).map(({ tool }) => tool) : []
    return [...new Set([...said, ...cut])].map((tool) => `${tool} in step ${JSON.stringify(step.name)}`)
  })

/** All steps are done: the output, and success; without an output that can be made, no success. */
export const finishSucceeded = ({ state, snapshot, contents }: Planning): RunAction => {
  const succeeded = state.steps.filter(({ phase }) => phase === 'Succeeded')
  const failed = (reason: string, message: string): RunAction => ({
    type: 'finish',
    record: { type: 'run.finished', phase: 'Failed', reason, message, ...roundOf(state) },
    contents: [],
  })
  const skipped = state.steps.length - succeeded.length
  const message = `${succeeded.length} of ${state.steps.length} steps succeeded${skipped > 0 ? `, ${skipped} skipped` : ''}`
  const record = {
    type: 'run.finished',
    phase: 'Succeeded',
    reason: 'Succeeded',
    message,
    ...roundOf(state),
  } as const

  if (snapshot.output === undefined) {
    const output = succeeded.at(-1)?.output
    return {
      type: 'finish',
      record: { ...record, ...(output === undefined ? {} : { output }) },
      contents: [],
    }
  }
  const result = runData({ snapshot, state, contents })
  if (result.type === 'lost') {
    const lost = `the output of step ${JSON.stringify(result.step)} (sha256 ${result.sha256}) is not in the store`
    return failed('OutputUnavailable', lost)
  }
  const rendered = renderPlain({ text: snapshot.output, field: 'output', data: result.data })
  if (rendered.type === 'error') return failed('TemplateError', rendered.message)
  return {
    type: 'finish',
    record: { ...record, output: storeText(rendered.text) },
    contents: [rendered.text],
  }
}
