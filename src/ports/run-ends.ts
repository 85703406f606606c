// How runs ended, until all who follow them have been told. The row is written in the transaction that ends the run,
// so that no end is lost between the journal and those it concerns, and none is told that did not happen.

import type { RunKey } from '../domain/journal/record.ts'

export interface RunEndNews {
  readonly run: RunKey
  /** Of the record that ended it; a run that was reopened ends again. 0: it had no journal. */
  readonly seq: number
  readonly phase: 'Succeeded' | 'Failed' | 'Cancelled'
  readonly reason: string
  readonly message: string
  /** RFC 3339. */
  readonly endedAt: string
  /** Team of a run that ended before it had a journal to name it. */
  readonly team?: string
}

export interface RunEnds {
  /** For a run that was refused before its journal began. The first of one `seq` stands. */
  add(end: RunEndNews): Promise<void>
  /** Ends that were not settled, oldest first. */
  pending(): Promise<readonly RunEndNews[]>
  /** Everyone was told. */
  settle(request: { readonly run: string; readonly seq: number }): Promise<void>
  /** Calls `listener` after each new end. Returns the way to stop. */
  subscribe(listener: () => void): () => void
}
