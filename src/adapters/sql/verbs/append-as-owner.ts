// What an owner does to its run's journal: append, and with the answer of a model settle what was reserved for it.

import type { JournalRecord, RecordBody } from '../../../domain/journal/record.ts'
import type { LeaseProof, TaskStanding } from '../../../ports/task-queue.ts'
import type { Act, Moment } from './act.ts'
import { appendRecords } from './append-records.ts'
import { settleSpend } from './settle-spend.ts'
import { reservationKey, settlementOf } from './settlement.ts'
import { requireOwner, standingOf, taskOf } from './task-row.ts'

export interface OwnerRecords extends LeaseProof {
  readonly records: readonly RecordBody[]
  readonly contents?: readonly string[]
}

export function* appendAsOwner(
  moment: Moment,
  request: OwnerRecords,
): Act<{ readonly records: readonly JournalRecord[]; readonly standing: TaskStanding }> {
  const row = yield* requireOwner(request)
  const { run } = taskOf(row)
  const records = yield* appendRecords(moment, { run, records: request.records, contents: request.contents })
  for (const record of request.records) {
    if (record.type !== 'llm.responded' && record.type !== 'llm.failed') continue
    yield* settleSpend({
      key: reservationKey({ run: run.uid, ...record }),
      settlement: settlementOf(record),
    })
  }
  return { records, standing: standingOf(row) }
}
