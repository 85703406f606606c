// Before a model call: the intent in the journal and its tokens in the ledger, both or neither.

import type { RecordBody } from '../../../domain/journal/record.ts'
import type { Reservation } from '../../../ports/spend-ledger.ts'
import type { LeaseProof, TaskStanding } from '../../../ports/task-queue.ts'
import { statements } from '../statements.ts'
import { hold, type Act, type Moment } from './act.ts'
import { appendAsOwner } from './append-as-owner.ts'
import { appendRecords } from './append-records.ts'
import { reserveSpend } from './reserve-spend.ts'
import { reservationKey } from './settlement.ts'
import { requireOwner, standingOf, taskOf } from './task-row.ts'

interface OwnerReservation extends LeaseProof {
  readonly record: RecordBody & { readonly type: 'llm.requested' }
  readonly before?: { readonly records: readonly RecordBody[]; readonly contents?: readonly string[] }
  readonly agentLimit?: number | undefined
  readonly namespaceLimit?: number | undefined
}

export function* reserveAsOwner(
  moment: Moment,
  { record, before, agentLimit, namespaceLimit, ...proof }: OwnerReservation,
): Act<{ readonly reservation: Reservation; readonly standing: TaskStanding }> {
  const row = yield* requireOwner(proof)
  // First, because it settles what earlier turns reserved.
  if (before !== undefined) yield* appendAsOwner(moment, { ...proof, ...before })
  const { run, agent } = taskOf(row)
  // The order everyone takes locks in: tasks as they stand in the queue, the run, the ledger.
  yield* hold(statements.run.hold, run.uid)
  const reservation = yield* reserveSpend(moment, {
    key: reservationKey({ run: run.uid, ...record }),
    agent,
    tokens: record.estimatedInputTokens + record.maxOutputTokens,
    agentLimit,
    namespaceLimit,
  })
  // A refused call was never requested: the journal says `llm.denied` instead, in the agent's words.
  if (reservation.type === 'reserved') yield* appendRecords(moment, { run, records: [record] })
  return { reservation, standing: standingOf(row) }
}
