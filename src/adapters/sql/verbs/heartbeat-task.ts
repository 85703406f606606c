// Extends an owner's lease and tells it how its task stands.

import type { LeaseProof, TaskStanding } from '../../../ports/task-queue.ts'
import { statements } from '../statements.ts'
import { run as write, type Act, type Moment } from './act.ts'
import { requireOwner, standingOf } from './task-row.ts'

export function* heartbeatTask(
  { now }: Moment,
  proof: LeaseProof & { readonly leaseMs: number },
): Act<TaskStanding> {
  const row = yield* requireOwner(proof)
  const expires = now + proof.leaseMs
  yield* write(statements.task.extend, expires, row.id, proof.fence)
  return standingOf({ available_at: expires, cancelled: row.cancelled })
}
