// Hands the oldest available task of an agent to an owner: a queued one, or one whose owner has let its lease run out.

import type { AgentKey } from '../../../domain/run/task.ts'
import type { Lease } from '../../../ports/task-queue.ts'
import { statements } from '../statements.ts'
import { appendRecords } from './append-records.ts'
import type { Database } from './database.ts'
import { taskOf, type TaskRow } from './task-row.ts'
import type { Transaction } from './write-queue.ts'

export const leaseTask = (
  transaction: Transaction,
  { agent, holder, leaseMs }: { readonly agent: AgentKey; readonly holder: string; readonly leaseMs: number },
): Lease | undefined => {
  const { database, now } = transaction
  const row = database.get<TaskRow>(statements.task.available, agent.namespace, agent.name, now, now)
  if (row === undefined) return undefined
  const task = taskOf(row)
  const fence = row.fence + 1
  const expires = now + leaseMs
  database.run(statements.task.lease, fence, holder, expires, row.id)
  appendRecords(transaction, {
    run: task.run,
    records: [{ type: 'task.leased', step: task.step, attempt: task.attempt, task: task.id, fence, holder }],
  })
  return { task, fence, expiresAt: new Date(expires).toISOString() }
}

/** When the agent's next task becomes available by time alone, or undefined when only an event can bring one. */
export const nextAvailableAt = (
  database: Database,
  { agent, now }: { readonly agent: AgentKey; readonly now: number },
): number | undefined =>
  database.get<{ at: number | null }>(statements.task.nextAvailable, agent.namespace, agent.name, now)?.at ??
  undefined
