// The journal port: one append-only sequence of records per run.

import type { ChainResult } from '../domain/journal/hash-chain.ts'
import type { JournalRecord, RecordBody, RunKey } from '../domain/journal/record.ts'
import type { AgentKey } from '../domain/run/task.ts'

export interface RunSummary extends RunKey {
  readonly startedAt: string
  readonly finishedAt?: string
  readonly phase: 'Running' | 'Succeeded' | 'Failed' | 'Cancelled'
}

export interface Journal {
  /**
   * Appends the records in order and resolves when they are durable. A record whose key the run already holds is
   * left as it was (the first wins). Contents are the texts that `StoredText` values in the records refer to.
   */
  append(request: {
    readonly run: RunKey
    readonly records: readonly RecordBody[]
    readonly contents?: readonly string[]
  }): Promise<readonly JournalRecord[]>

  /** The run's records after `after` (a seq; default 0), in order. Empty for a run that never started. */
  read(request: { readonly run: string; readonly after?: number }): Promise<readonly JournalRecord[]>

  /**
   * A stored text by its hash, or undefined when the store does not hold it. With `reader`, only a text that the run,
   * or a run in which the agent has a task, has written itself.
   */
  content(
    sha256: string,
    reader?: { readonly run: string } | { readonly agent: AgentKey },
  ): Promise<string | undefined>

  /** The newest run of that name, also after its resource is gone. */
  find(request: { readonly namespace: string; readonly name: string }): Promise<RunSummary | undefined>

  /** Runs that have started and have no `run.finished`: what an operator that was away must look after first. */
  unfinished(): Promise<readonly RunSummary[]>

  /**
   * Runs that have started, the newest first: of one namespace or of all, that had not ended before `since`. The next
   * page begins `before` the last run of this one.
   */
  runs(request: {
    readonly namespace?: string
    readonly since?: string
    readonly before?: Pick<RunSummary, 'startedAt' | 'uid'>
    readonly limit: number
  }): Promise<readonly RunSummary[]>

  /**
   * Recomputes the run's chain from what is stored, and compares it with the run's head and the texts it refers to.
   * Whatever was changed, removed, inserted or moved is named by its record.
   */
  verify(request: { readonly run: string }): Promise<ChainResult>

  /**
   * Removes finished runs (uids) with all that is kept of them: records, tasks, and texts that no other run has. A run
   * that has not finished is left alone.
   */
  forget(request: { readonly runs: readonly string[] }): Promise<void>

  /** Calls `listener` after each durable append, with the run it belongs to. Returns the way to stop. */
  subscribe(listener: (run: RunKey) => void): () => void
}
