// Ends a task: its last records and its end in one transaction. The same finish again changes nothing.

import { KubeswarmError } from '../../../domain/error.ts'
import { recordKey, type RecordBody } from '../../../domain/journal/record.ts'
import { statements } from '../statements.ts'
import { appendAsOwner, type OwnerRecords } from './append-as-owner.ts'
import { readTask, taskOf } from './task-row.ts'
import type { Transaction } from './write-queue.ts'

export const finishTask = (transaction: Transaction, request: OwnerRecords): void => {
  const last = request.records.at(-1)
  if (last === undefined || !endsTask(last) || last.task !== request.task) {
    throw new KubeswarmError({
      code: 'InvalidInput',
      message: `cannot finish task "${request.task}": its last record is ${last === undefined ? 'missing' : `"${last.type}"`}, not the end of this task`,
      remedy: 'end the records with task.completed, task.failed or task.cancelled of the same task',
    })
  }
  if (isRepeated(transaction, request, last)) return
  appendAsOwner(transaction, request)
  transaction.database.run(statements.task.end, request.task)
}

const endsTask = (record: RecordBody): record is RecordBody & { readonly task: string } =>
  record.type === 'task.completed' || record.type === 'task.failed' || record.type === 'task.cancelled'

/** The answer to the first finish was lost on its way; the owner asks again with the same fence. */
const isRepeated = ({ database }: Transaction, request: OwnerRecords, last: RecordBody): boolean => {
  const row = readTask(database, request.task)
  if (row === undefined || row.state !== 'ended' || row.fence !== request.fence) return false
  return database.get(statements.record.byKey, taskOf(row).run.uid, recordKey(last)) !== undefined
}
