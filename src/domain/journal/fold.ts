// The state of a run as a fold over its journal. Pure and incremental: folding a prefix and extending it gives the
// same state as folding everything. It says what has happened; what should happen next is `run/plan.ts`.

import { KubeswarmError } from '../error.ts'
import { foldStep } from './fold-step.ts'
import { journalVersion, recordTypes, type JournalRecord, type RecordBody } from './record.ts'
import type { RunState, StepState } from './run-state.ts'
import { reopenRun } from './reopen-run.ts'
import { isInFlight } from './step-phase.ts'
import { addUsage } from './usage.ts'

export type { OpenCall, RunEnd, RunPhase, RunState, StepFailure, StepState, ToolUse } from './run-state.ts'

export const emptyRun: RunState = { phase: 'Pending', seq: 0, round: 1, usage: {}, steps: [] }

export const foldRun = (records: readonly JournalRecord[]): RunState => records.reduce(extendRun, emptyRun)

/** Adds one record. A record already folded changes nothing; a gap means that the reader lost a part of the journal. */
export const extendRun = (state: RunState, record: JournalRecord): RunState => {
  if (record.seq <= state.seq) return state
  if (record.seq !== state.seq + 1) {
    throw new KubeswarmError({
      code: 'Internal',
      message: `cannot fold the journal of run "${record.run}": record ${record.seq} follows ${state.seq}`,
    })
  }
  if (!Object.hasOwn(recordTypes, record.type)) {
    throw new KubeswarmError({
      code: 'StoreTooNew',
      message: `cannot fold the journal of run "${record.run}": record ${record.seq} has the type "${String(record.type)}", and this kubeswarm knows version ${journalVersion} of the journal`,
      remedy: 'use the newer kubeswarm that wrote it',
    })
  }
  return { ...applyRecord(state, record, record.at), seq: record.seq }
}

export const isFinished = (state: RunState): boolean => state.finishedAt !== undefined

/** The state after `body` at the time `at`, without a place in the journal; planning looks ahead with it. */
export const applyRecord = (state: RunState, body: RecordBody, at: string): RunState => {
  switch (body.type) {
    case 'run.started': {
      if (state.snapshot !== undefined || isFinished(state)) return state
      const { snapshot, snapshotHash } = body
      return {
        ...state,
        phase: 'Running',
        snapshot,
        snapshotHash,
        startedAt: at,
        steps: snapshot.steps.map(({ name, role, agent }) => ({
          name,
          role,
          agent,
          phase: 'Pending' as const,
          attempt: 0,
          promptAttempt: 0,
          usage: {},
          attemptUsage: {},
          turns: 0,
          tools: [],
          openCalls: [],
          unknownCalls: [],
          writes: [],
        })),
      }
    }
    case 'run.stopping': {
      if (state.stopping !== undefined || isFinished(state) || !isOfRound(state, body)) return state
      const { phase, reason, message } = body
      return { ...state, stopping: { phase, reason, message, at }, steps: closeUnstarted(state, message, at) }
    }
    case 'run.finished': {
      if (isFinished(state) || !isOfRound(state, body)) return state
      const { phase, reason, message, output } = body
      const steps = closeUnstarted(state, message, at).map((step) => closeInFlight(step, message, at))
      return {
        ...state,
        phase,
        reason,
        message,
        ...(output === undefined ? {} : { output }),
        finishedAt: at,
        steps,
      }
    }
    case 'run.reopened': {
      if (!isFinished(state) || body.round !== state.round + 1) return state
      return reopenRun(state, body.round, at)
    }
    default:
      return applyToStep(state, body, at)
  }
}

// A planner that was behind may still tell of the end of a round that is over.
const isOfRound = (state: RunState, { round = 1 }: { readonly round?: number }): boolean =>
  round === state.round

const applyToStep = (
  state: RunState,
  body: Exclude<RecordBody, { readonly type: `run.${string}` }>,
  at: string,
): RunState => {
  const index = state.steps.findIndex(({ name }) => name === body.step)
  const step = state.steps[index]
  if (step === undefined) return state
  const mustCall = state.snapshot?.steps[index]?.mustCall ?? []
  const next = foldStep({ step, body, at, mustCall })
  if (next === step) return state
  const steps = state.steps.with(index, next)
  if (next.usage === step.usage) return { ...state, steps }
  return { ...state, steps, usage: steps.reduce((sum, { usage }) => addUsage(sum, usage), {}) }
}

const closeUnstarted = (state: RunState, message: string, at: string): readonly StepState[] =>
  state.steps.map((step) =>
    step.phase === 'Pending'
      ? {
          ...step,
          phase: 'Skipped' as const,
          completedAt: at,
          failure: { code: 'RunStopped', message: `not started: ${message}`, retryable: false, at },
        }
      : step.phase === 'AttemptFailed'
        ? { ...step, phase: 'Failed' as const, completedAt: at }
        : step,
  )

// An attempt that nobody ended when the run did. A write without a result is said to be unknown, never undone.
const closeInFlight = (step: StepState, message: string, at: string): StepState => {
  if (!isInFlight(step)) return step
  const open = step.openCalls.filter(({ write }) => write).map(({ tool }) => tool)
  const unknown = open.length === 0 ? '' : `; the outcome of ${open.join(', ')} is unknown`
  return {
    ...step,
    phase: 'Cancelled',
    completedAt: at,
    failure: {
      code: open.length === 0 ? 'RunStopped' : 'OutcomeUnknown',
      message: `stopped before it had ended: ${message}${unknown}`,
      retryable: false,
      at,
    },
  }
}
