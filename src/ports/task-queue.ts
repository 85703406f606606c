// The task queue port. It shares its transaction with the journal: a task's state and the record that tells of it
// are never apart. Ownership is a lease with a fence: every take-over raises the fence, and a call that carries an
// older one fails with `StaleLease`.

import type { JournalRecord, RecordBody, RunKey } from '../domain/journal/record.ts'
import type { AgentKey, Task } from '../domain/run/task.ts'
import type { Reservation } from './spend-ledger.ts'

export interface Lease {
  readonly task: Task
  readonly fence: number
  /** RFC 3339. */
  readonly expiresAt: string
}

/** What an owner shows with each call about its task. */
export interface LeaseProof {
  readonly task: string
  readonly fence: number
}

export interface TaskQueue {
  /**
   * Makes the task available and appends `records`, in one transaction. A no-op for a task id seen before, and for a
   * run that in this round is stopping or over: whoever planned it was behind.
   */
  submit(request: {
    readonly task: Task
    readonly records: readonly RecordBody[]
    /** Of the run, as the planner knew it; 1 where left out. */
    readonly round?: number
  }): Promise<void>

  /**
   * The oldest available task of the agent, or undefined after `waitMs` without one. Also offers tasks whose lease
   * ran out, with a higher fence. Appends `task.leased`. Wakes without polling.
   */
  lease(request: {
    readonly agent: AgentKey
    readonly holder: string
    readonly leaseMs: number
    readonly waitMs: number
    readonly signal?: AbortSignal
  }): Promise<Lease | undefined>

  /** Extends the lease. `cancelled` tells the owner to stop. Throws `StaleLease`. */
  heartbeat(request: LeaseProof & { readonly leaseMs: number }): Promise<TaskStanding>

  /** Appends to the run's journal as the owner of the task. Throws `StaleLease`, then nothing was written. */
  append(
    request: LeaseProof & { readonly records: readonly RecordBody[]; readonly contents?: readonly string[] },
  ): Promise<{ readonly records: readonly JournalRecord[]; readonly standing: TaskStanding }>

  /**
   * Before a model call: appends `llm.requested` and reserves its tokens (estimate plus longest answer) against the
   * day's ceilings, in one transaction. An exhausted ceiling appends nothing. The `llm.responded` or `llm.failed` of
   * the same turn settles the reservation. Throws `StaleLease`.
   */
  reserve(
    request: LeaseProof & {
      readonly record: RecordBody & { readonly type: 'llm.requested' }
      /** What happened since the last write; appended first, also when the reservation is refused. */
      readonly before?: { readonly records: readonly RecordBody[]; readonly contents?: readonly string[] }
      readonly agentLimit?: number
      readonly namespaceLimit?: number
    },
  ): Promise<{ readonly reservation: Reservation; readonly standing: TaskStanding }>

  /**
   * Ends the task: `records` (the last of them `task.completed`, `task.failed` or `task.cancelled`) and the task's
   * end are one transaction. Throws `StaleLease`.
   */
  finish(
    request: LeaseProof & { readonly records: readonly RecordBody[]; readonly contents?: readonly string[] },
  ): Promise<void>

  /** Gives the task back unfinished (drain): available at once, same attempt, next fence. Throws `StaleLease`. */
  release(request: LeaseProof): Promise<void>

  /** Marks the run's unfinished tasks (or one step's) as cancelled: queued ones end now, leased ones are told. */
  cancel(request: { readonly run: RunKey; readonly step?: string; readonly reason: string }): Promise<void>

  /** A task that was submitted once, whatever became of it. */
  find(
    task: string,
  ): Promise<{ readonly task: Task; readonly state: 'queued' | 'leased' | 'ended' } | undefined>

  /** Queue figures per agent, for status and metrics. */
  depth(agent: AgentKey): Promise<QueueDepth>

  /** The same for every agent that has unfinished tasks. */
  depths(): Promise<readonly (QueueDepth & { readonly agent: AgentKey })[]>

  /** Calls `listener` when a leased task was cancelled or a policy changed, so that long calls can answer early. */
  subscribe(listener: (task: { readonly id: string; readonly agent: AgentKey }) => void): () => void
}

export interface QueueDepth {
  readonly queued: number
  readonly leased: number
  /** Age of the oldest queued task. */
  readonly oldestAgeMs?: number
}

export interface TaskStanding {
  readonly expiresAt: string
  readonly cancelled?: { readonly reason: string }
}
