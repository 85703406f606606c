// Ends work nobody waits for any more: queued tasks at once, leased ones when their owner says so, and those whose
// owner has vanished when its lease runs out.

import type { RecordBody, RunKey } from '../../../domain/journal/record.ts'
import type { AgentKey } from '../../../domain/run/task.ts'
import { statements } from '../statements.ts'
import { all, get, run as write, type Act, type Moment } from './act.ts'
import { appendRecords } from './append-records.ts'
import { readRecords } from './read-journal.ts'
import { taskOf, type TaskRow } from './task-row.ts'
import { unresolvedIntents } from './unresolved-intents.ts'

/** Resolves to the leased tasks, whose owners are to be told. */
export function* cancelTasks(
  moment: Moment,
  {
    run,
    step,
    reason,
  }: { readonly run: RunKey; readonly step?: string | undefined; readonly reason: string },
): Act<readonly { readonly id: string; readonly agent: AgentKey }[]> {
  const told: { readonly id: string; readonly agent: AgentKey }[] = []
  for (const row of yield* all<TaskRow>(statements.task.openOfRun, run.uid)) {
    const { id, agent, step: ofStep } = taskOf(row)
    if (step !== undefined && step !== ofStep) continue
    if (row.state === 'queued') {
      yield* endCancelled(moment, row, reason)
    } else if (row.cancelled === null) {
      yield* write(statements.task.markCancelled, reason, id)
      told.push({ id, agent })
    }
  }
  return told
}

/** Ends a cancelled task in its owner's place. A call that was under way has an outcome nobody knows: it says so. */
export function* endCancelled(moment: Moment, row: TaskRow, reason: string): Act<void> {
  const { id, run, step, attempt } = taskOf(row)
  const history = yield* readRecords({ run: run.uid })
  const unknown = unresolvedIntents({ records: history, step, attempt }).map(
    ({ turn, call, server, tool }): RecordBody => ({
      type: 'tool.outcome-unknown',
      step,
      attempt,
      turn,
      call,
      server,
      tool,
      message: `the task was cancelled and its owner never reported how ${server}/${tool} ended`,
    }),
  )
  yield* appendRecords(moment, {
    run,
    records: [...unknown, { type: 'task.cancelled', step, attempt, task: id, reason }],
  })
  yield* write(statements.task.end, id, row.fence)
}

/** Ends the cancelled task whose lease ran out first; resolves to whether there was one. */
export function* endAbandoned(moment: Moment): Act<boolean> {
  const row = yield* get<TaskRow>(statements.task.abandoned, moment.now)
  if (row === undefined) return false
  yield* endCancelled(moment, row, row.cancelled ?? 'cancelled')
  return true
}

/** When the next cancelled task's lease runs out. */
export function* nextAbandonedAt(): Act<number | undefined> {
  return (yield* get<{ at: number | null }>(statements.task.nextAbandoned))?.at ?? undefined
}
