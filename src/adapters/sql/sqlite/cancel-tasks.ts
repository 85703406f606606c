// Ends work nobody waits for any more: queued tasks at once, leased ones when their owner says so, and those whose
// owner has vanished when its lease runs out.

import type { RecordBody, RunKey } from '../../../domain/journal/record.ts'
import type { AgentKey } from '../../../domain/run/task.ts'
import { statements } from '../statements.ts'
import { appendRecords } from './append-records.ts'
import type { Database } from './database.ts'
import { unresolvedIntents } from '../unresolved-intents.ts'
import { readRecords } from './read-journal.ts'
import { taskOf, type TaskRow } from './task-row.ts'
import type { Transaction } from './write-queue.ts'

/** Resolves to the leased tasks, whose owners are to be told. */
export const cancelTasks = (
  transaction: Transaction,
  {
    run,
    step,
    reason,
  }: { readonly run: RunKey; readonly step?: string | undefined; readonly reason: string },
): readonly { readonly id: string; readonly agent: AgentKey }[] => {
  const { database } = transaction
  const rows = database.all<TaskRow>(statements.task.openOfRun, run.uid)
  return rows.flatMap((row) => {
    const { id, agent, step: ofStep } = taskOf(row)
    if (step !== undefined && step !== ofStep) return []
    if (row.state === 'queued') {
      endCancelled(transaction, row, reason)
      return []
    }
    if (row.cancelled !== null) return []
    database.run(statements.task.markCancelled, reason, id)
    return [{ id, agent }]
  })
}

/** Ends a cancelled task in its owner's place. A call that was under way has an outcome nobody knows: it says so. */
export const endCancelled = (transaction: Transaction, row: TaskRow, reason: string): void => {
  const { id, run, step, attempt } = taskOf(row)
  const history = readRecords(transaction.database, { run: run.uid })
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
  appendRecords(transaction, {
    run,
    records: [...unknown, { type: 'task.cancelled', step, attempt, task: id, reason }],
  })
  transaction.database.run(statements.task.end, id)
}

export const endAbandoned = (transaction: Transaction): void => {
  for (const row of transaction.database.all<TaskRow>(statements.task.abandoned, transaction.now)) {
    endCancelled(transaction, row, row.cancelled ?? 'cancelled')
  }
}

/** When the next cancelled task's lease runs out. */
export const nextAbandonedAt = (database: Database): number | undefined =>
  database.get<{ at: number | null }>(statements.task.nextAbandoned)?.at ?? undefined
