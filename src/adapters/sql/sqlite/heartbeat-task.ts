// Extends an owner's lease and tells it how its task stands.

import type { LeaseProof, TaskStanding } from '../../../ports/task-queue.ts'
import { statements } from '../statements.ts'
import { requireOwner, standingOf } from './task-row.ts'
import type { Transaction } from './write-queue.ts'

export const heartbeatTask = (
  { database, now }: Transaction,
  proof: LeaseProof & { readonly leaseMs: number },
): TaskStanding => {
  const row = requireOwner(database, proof)
  const expires = now + proof.leaseMs
  database.run(statements.task.extend, expires, row.id)
  return standingOf({ available_at: expires, cancelled: row.cancelled })
}
