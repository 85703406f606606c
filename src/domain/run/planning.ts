// What planning is given, and what it answers.

import type { RunState } from '../journal/fold.ts'
import type { RecordBody, RunKey } from '../journal/record.ts'
import type { Contents } from './run-data.ts'
import type { RunSnapshot } from './snapshot.ts'
import type { Task } from './task.ts'

/** Executed in order; each is safe to repeat. */
export type RunAction =
  /** `tasks.submit({ task, records })`. */
  | { readonly type: 'submit'; readonly task: Task; readonly records: readonly RecordBody[] }
  /** `journal.append({ run, records })`. */
  | { readonly type: 'record'; readonly records: readonly RecordBody[] }
  /** `tasks.cancel({ run, step, reason })`; without `step` all of the run's tasks. */
  | { readonly type: 'cancel'; readonly step?: string; readonly reason: string }
  /** `journal.append({ run, records: [record], contents })`; the last action of a run. */
  | {
      readonly type: 'finish'
      readonly record: RecordBody & { readonly type: 'run.finished' }
      readonly contents: readonly string[]
    }
  /** Plan again at `until` (milliseconds since the epoch) at the latest, even when nothing happens before. */
  | { readonly type: 'wait'; readonly until: number }

export interface PlanRunRequest {
  readonly run: RunKey
  readonly state: RunState
  /** Wall clock, milliseconds since the epoch. */
  readonly now: number
  /** `guardrails.limits.retries` of an agent: how many attempts may follow the first. */
  readonly retries: (agent: string) => number
  /** In [0, 1), for the jitter of retry backoff. */
  readonly random: () => number
  /** Texts by hash, for outputs longer than their head: at least those that `contentsNeeded(state)` lists. */
  readonly contents: Contents
  /** A secret of this installation, at least 16 characters, the same in all replicas; delimiters of data come from it. */
  readonly salt: string
  /** `spec.cancel`, or the resource is being deleted. */
  readonly cancel?: boolean
  /** `spec.suspend`: nothing new is submitted; what runs goes on, and so does the deadline. */
  readonly suspend?: boolean
  /** W3C trace context of the run, handed to each task. */
  readonly traceparent?: string
}

/** The request with its snapshot at hand, as the single decisions take it. */
export interface Planning extends PlanRunRequest {
  readonly snapshot: RunSnapshot
}
