// Takes a task back from an owner that cannot finish it: the next one continues the same attempt.

import type { AgentKey } from '../../../domain/run/task.ts'
import type { LeaseProof } from '../../../ports/task-queue.ts'
import { statements } from '../statements.ts'
import { endCancelled } from './cancel-tasks.ts'
import { requireOwner, taskOf } from './task-row.ts'
import type { Transaction } from './write-queue.ts'

/** Resolves to the agent whose task became available. */
export const releaseTask = (transaction: Transaction, proof: LeaseProof): AgentKey => {
  const { database, now } = transaction
  const row = requireOwner(database, proof)
  if (row.cancelled === null) database.run(statements.task.release, now, row.id)
  else endCancelled(transaction, row, row.cancelled)
  return taskOf(row).agent
}
