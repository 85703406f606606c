// Puts a task into the queue together with the records that tell of it.

import type { RecordBody } from '../../../domain/journal/record.ts'
import type { Task } from '../../../domain/run/task.ts'
import { statements } from '../statements.ts'
import { appendRecords } from './append-records.ts'
import type { Transaction } from './write-queue.ts'

/** Resolves to false, with nothing written, when the task was submitted before. */
export const submitTask = (
  transaction: Transaction,
  { task, records }: { readonly task: Task; readonly records: readonly RecordBody[] },
): boolean => {
  const { database, now } = transaction
  if (database.get(statements.task.exists, task.id) !== undefined) return false
  const { position } = database.get<{ position: number }>(statements.task.lastPosition) ?? { position: 0 }
  database.run(
    statements.task.insert,
    task.id,
    position + 1,
    task.run.uid,
    task.agent.namespace,
    task.agent.name,
    task.step,
    JSON.stringify(task),
    now,
    task.notBefore === undefined ? now : Math.max(now, Date.parse(task.notBefore)),
    task.deadline === undefined ? null : Date.parse(task.deadline),
  )
  appendRecords(transaction, { run: task.run, records })
  return true
}
