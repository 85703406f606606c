// What an owner does to its run's journal: append, and with the answer of a model settle what was reserved for it.

import type { JournalRecord, RecordBody } from '../../../domain/journal/record.ts'
import type { LeaseProof, TaskStanding } from '../../../ports/task-queue.ts'
import { appendRecords } from './append-records.ts'
import { settleSpend } from './settle-spend.ts'
import { requireOwner, standingOf, taskOf } from './task-row.ts'
import { reservationKey, settlementOf } from '../settlement.ts'
import type { Transaction } from './write-queue.ts'

export interface OwnerRecords extends LeaseProof {
  readonly records: readonly RecordBody[]
  readonly contents?: readonly string[]
}

export const appendAsOwner = (
  transaction: Transaction,
  request: OwnerRecords,
): { readonly records: readonly JournalRecord[]; readonly standing: TaskStanding } => {
  const row = requireOwner(transaction.database, request)
  const { run } = taskOf(row)
  const records = appendRecords(transaction, { run, records: request.records, contents: request.contents })
  for (const record of request.records) {
    if (record.type !== 'llm.responded' && record.type !== 'llm.failed') continue
    settleSpend(transaction, {
      key: reservationKey({ run: run.uid, ...record }),
      settlement: settlementOf(record),
    })
  }
  return { records, standing: standingOf(row) }
}
