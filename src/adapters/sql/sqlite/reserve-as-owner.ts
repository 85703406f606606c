// Before a model call: the intent in the journal and its tokens in the ledger, both or neither.

import type { RecordBody } from '../../../domain/journal/record.ts'
import type { Reservation } from '../../../ports/spend-ledger.ts'
import type { LeaseProof, TaskStanding } from '../../../ports/task-queue.ts'
import { reservationKey } from '../settlement.ts'
import { appendRecords } from './append-records.ts'
import { reserveSpend } from './reserve-spend.ts'
import { requireOwner, standingOf, taskOf } from './task-row.ts'
import type { Transaction } from './write-queue.ts'

interface OwnerReservation extends LeaseProof {
  readonly record: RecordBody & { readonly type: 'llm.requested' }
  readonly agentLimit?: number | undefined
  readonly namespaceLimit?: number | undefined
}

export const reserveAsOwner = (
  transaction: Transaction,
  { record, agentLimit, namespaceLimit, ...proof }: OwnerReservation,
): { readonly reservation: Reservation; readonly standing: TaskStanding } => {
  const row = requireOwner(transaction.database, proof)
  const { run, agent } = taskOf(row)
  const reservation = reserveSpend(transaction, {
    key: reservationKey({ run: run.uid, ...record }),
    agent,
    tokens: record.estimatedInputTokens + record.maxOutputTokens,
    agentLimit,
    namespaceLimit,
  })
  // A refused call was never requested: the journal says `llm.denied` instead, in the agent's words.
  if (reservation.type === 'reserved') appendRecords(transaction, { run, records: [record] })
  return { reservation, standing: standingOf(row) }
}
