// The store: the ports that share one database and its transactions.

import type { Inbox } from './inbox.ts'
import type { Journal } from './journal.ts'
import type { Outbox } from './outbox.ts'
import type { PolicyBook } from './policy-book.ts'
import type { RunEnds } from './run-ends.ts'
import type { SpendLedger } from './spend-ledger.ts'
import type { TaskQueue } from './task-queue.ts'

export interface Store {
  readonly journal: Journal
  readonly tasks: TaskQueue
  readonly policies: PolicyBook
  readonly spend: SpendLedger
  readonly inbox: Inbox
  readonly ends: RunEnds
  readonly outbox: Outbox
  /** Waits for what is being written, then lets go of the database. */
  close(): Promise<void>
}
