// Ends a task: its last records and its end in one transaction. The same finish again changes nothing.

import { KubeswarmError } from '../../../domain/error.ts'
import { recordKey, type RecordBody } from '../../../domain/journal/record.ts'
import { statements } from '../statements.ts'
import { get, run as write, type Act, type Moment } from './act.ts'
import { appendAsOwner, type OwnerRecords } from './append-as-owner.ts'
import { holdTask, taskOf } from './task-row.ts'

export function* finishTask(moment: Moment, request: OwnerRecords): Act<void> {
  const last = request.records.at(-1)
  if (last === undefined || !endsTask(last) || last.task !== request.task) {
    throw new KubeswarmError({
      code: 'InvalidInput',
      message: `cannot finish task "${request.task}": its last record is ${last === undefined ? 'missing' : `"${last.type}"`}, not the end of this task`,
      remedy: 'end the records with task.completed, task.failed or task.cancelled of the same task',
    })
  }
  if (yield* isRepeated(request, last)) return
  yield* appendAsOwner(moment, request)
  yield* write(statements.task.end, request.task, request.fence)
}

const endsTask = (record: RecordBody): record is RecordBody & { readonly task: string } =>
  record.type === 'task.completed' || record.type === 'task.failed' || record.type === 'task.cancelled'

/** The answer to the first finish was lost on its way; the owner asks again with the same fence. */
function* isRepeated(request: OwnerRecords, last: RecordBody): Act<boolean> {
  const row = yield* holdTask(request.task)
  if (row === undefined || row.state !== 'ended' || row.fence !== request.fence) return false
  return (yield* get(statements.record.byKey, taskOf(row).run.uid, recordKey(last))) !== undefined
}
