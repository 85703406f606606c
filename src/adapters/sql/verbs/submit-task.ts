// Puts a task into the queue together with the records that tell of it.

import { endKeys, type RecordBody } from '../../../domain/journal/record.ts'
import type { Task } from '../../../domain/run/task.ts'
import { statements } from '../statements.ts'
import { each, get, type Act, type Moment } from './act.ts'
import { appendRecords } from './append-records.ts'

/** Resolves to false, with nothing written, when the task was submitted before or its run takes no more. */
export function* submitTask(
  moment: Moment,
  {
    task,
    records,
    round = 1,
  }: { readonly task: Task; readonly records: readonly RecordBody[]; readonly round?: number | undefined },
): Act<boolean> {
  const { now } = moment
  // A planner that was stopped in the middle may come back after another has ended the run.
  yield* get(statements.run.hold, task.run.uid)
  const ends = yield* each(
    statements.record.byKey,
    endKeys(round).map((key) => [task.run.uid, key]),
  )
  if (ends.length > 0) return false
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
