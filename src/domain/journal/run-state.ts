// What the fold of a journal knows of a run and of each of its steps.

import type { RunSnapshot } from '../run/snapshot.ts'
import type { CallPlace, ResolvedOutcome, StoredText, TokenUsage } from './record.ts'
import type { StepPhase } from './step-phase.ts'

export interface RunState {
  readonly phase: RunPhase
  /** `seq` of the last record folded; 0 before the first. */
  readonly seq: number
  readonly snapshot?: RunSnapshot
  readonly snapshotHash?: string
  readonly startedAt?: string
  /** 1, and one more each time a person let the ended run go on. */
  readonly round: number
  /** When the current round began, from the second on; its deadline counts from here. */
  readonly reopenedAt?: string
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

/** Pending > Running > one of the last three. Only `run.reopened` leaves those again: Failed > Running. */
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
  /** The attempt whose prompt the current one has: itself, unless it goes on with an earlier one. */
  readonly promptAttempt: number
  /** The run was reopened: the next attempt goes on where the current one stopped. */
  readonly resumes?: true
  /** The current attempt completed after the end of the run had cut it off: the run's verdict stands, its work counts. */
  readonly completedLate?: true
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
  /** Writes of the current attempt of which nobody knew whether they took effect, and what a person found out. */
  readonly unknownCalls: readonly UnknownCall[]
  /** Tools of effect `write` that the current attempt called and that took effect, as far as is known. */
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
  /** `server/tool`. */
  readonly tool: string
  readonly write: boolean
  readonly place: CallPlace
}

export interface UnknownCall {
  readonly key: string
  readonly place: CallPlace
  readonly resolved?: ResolvedOutcome
}
