// Takes a task back from an owner that cannot finish it: the next one continues the same attempt.

import type { AgentKey } from '../../../domain/run/task.ts'
import type { LeaseProof } from '../../../ports/task-queue.ts'
import { statements } from '../statements.ts'
import { run as write, type Act, type Moment } from './act.ts'
import { endCancelled } from './cancel-tasks.ts'
import { requireOwner, taskOf } from './task-row.ts'

/** Resolves to the agent whose task became available. */
export function* releaseTask(moment: Moment, proof: LeaseProof): Act<AgentKey> {
  const row = yield* requireOwner(proof)
  if (row.cancelled === null) yield* write(statements.task.release, moment.now, row.id, proof.fence)
  else yield* endCancelled(moment, row, row.cancelled)
  return taskOf(row).agent
}
