// Puts a task into the queue together with the records that tell of it.

import type { RecordBody } from '../../../domain/journal/record.ts'
import type { Task } from '../../../domain/run/task.ts'
import { statements } from '../statements.ts'
import { get, type Act, type Moment } from './act.ts'
import { appendRecords } from './append-records.ts'

/** Resolves to false, with nothing written, when the task was submitted before. */
export function* submitTask(
  moment: Moment,
  { task, records }: { readonly task: Task; readonly records: readonly RecordBody[] },
): Act<boolean> {
  const { now } = moment
  const inserted = yield* get(
    statements.task.insert,
    task.id,
    task.run.uid,
    task.agent.namespace,
    task.agent.name,
    task.step,
    JSON.stringify(task),
    now,
    task.notBefore === undefined ? now : Math.max(now, Date.parse(task.notBefore)),
    task.deadline === undefined ? null : Date.parse(task.deadline),
  )
  if (inserted === undefined) return false
  yield* appendRecords(moment, { run: task.run, records })
  return true
}
