// The state of a run as a fold over its journal. Pure and incremental: folding a prefix and extending it gives the
// same state as folding everything. It says what has happened; what should happen next is `run/plan.ts`.

import { KubeswarmError } from '../error.ts'
import type { RunSnapshot } from '../run/snapshot.ts'
import { foldStep } from './fold-step.ts'
import type { JournalRecord, RecordBody, StoredText, TokenUsage } from './record.ts'
import { isInFlight, type StepPhase } from './step-phase.ts'
import { addUsage } from './usage.ts'

export interface RunState {
  readonly phase: RunPhase
  /** `seq` of the last record folded; 0 before the first. */
  readonly seq: number
  readonly snapshot?: RunSnapshot
  readonly snapshotHash?: string
  readonly startedAt?: string
  /** Set once the run was decided to end early; tasks in flight get until then plus a grace to stop. */
  readonly stopping?: RunEnd & { readonly at: string }
  readonly finishedAt?: string
  /** Reason and message of `run.finished`. */
  readonly reason?: string
  readonly message?: string
  readonly output?: StoredText
  /** Of all attempts of all steps. */
  readonly usage: TokenUsage
  /** In the order of the snapshot. */
  readonly steps: readonly StepState[]
}

/** Pending > Running > one of the last three, which nothing leaves. */
export type RunPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Cancelled'

export interface RunEnd {
  readonly phase: 'Failed' | 'Cancelled'
  readonly reason: string
  readonly message: string
}

export interface StepState {
  readonly name: string
  readonly role: string
  readonly agent: string
  readonly phase: StepPhase
  /** Attempts submitted so far; 0 before the first. */
  readonly attempt: number
  /** Task of the current attempt. */
  readonly task?: string
  readonly submittedAt?: string
  /** The queue offers the current attempt from here on (retry backoff). */
  readonly notBefore?: string
  /** When an agent first took the step. */
  readonly startedAt?: string
  /** When the step reached a phase that nothing leaves. */
  readonly completedAt?: string
  /** The agent's replica that holds the task. */
  readonly holder?: string
  readonly output?: StoredText
  /** Why the step failed or was skipped, or why its last attempt failed. */
  readonly failure?: StepFailure
  readonly usage: TokenUsage
  /** Usage of the current attempt, contained in `usage`. */
  readonly attemptUsage: TokenUsage
  /** Model turns answered, over all attempts. */
  readonly turns: number
  /** One entry per tool that was called or refused, in order of first appearance. */
  readonly tools: readonly ToolUse[]
  /** Calls whose intent is recorded and whose result is not. */
  readonly openCalls: readonly OpenCall[]
  /** Tools of effect `write` that the current attempt called and that answered without an error. */
  readonly writes: readonly string[]
}

export interface StepFailure {
  readonly code: string
  readonly message: string
  readonly remedy?: string
  readonly retryable: boolean
  readonly retryAfterMs?: number
  readonly at: string
}

export interface ToolUse {
  /** `server/tool`. */
  readonly tool: string
  readonly made: number
  readonly succeeded: number
  /** Answered with an error. */
  readonly failed: number
  readonly denied: number
  readonly unknown: number
}

export interface OpenCall {
  readonly key: string
  readonly tool: string
  readonly write: boolean
}

export const emptyRun: RunState = { phase: 'Pending', seq: 0, usage: {}, steps: [] }

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
          usage: {},
          attemptUsage: {},
          turns: 0,
          tools: [],
          openCalls: [],
          writes: [],
        })),
      }
    }
    case 'run.stopping': {
      if (state.stopping !== undefined || isFinished(state)) return state
      const { phase, reason, message } = body
      return { ...state, stopping: { phase, reason, message, at }, steps: closeUnstarted(state, message, at) }
    }
    case 'run.finished': {
      if (isFinished(state)) return state
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
    default:
      return applyToStep(state, body, at)
  }
}

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
