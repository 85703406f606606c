// Hands an agent's oldest available tasks to owners: queued ones, or ones whose owner has let its lease run out.

import type { AgentKey } from '../../../domain/run/task.ts'
import type { Lease } from '../../../ports/task-queue.ts'
import { statements } from '../statements.ts'
import { all, get, hold, run as write, type Act, type Moment } from './act.ts'
import { appendRecords } from './append-records.ts'
import { taskOf, type TaskRow } from './task-row.ts'

export interface LeaseTaker {
  readonly holder: string
  readonly leaseMs: number
}

/** One task for each taker, in their order, as long as there are tasks. */
export function* leaseTasks(
  moment: Moment,
  {
    agent,
    takers,
    evenHeld = false,
  }: {
    readonly agent: AgentKey
    readonly takers: readonly LeaseTaker[]
    /** Waits for a task that another process is just deciding about, instead of passing it over. */
    readonly evenHeld?: boolean
  },
): Act<readonly Lease[]> {
  const { now } = moment
  const { namespace, name } = agent
  const sql = evenHeld ? statements.task.availableEvenHeld : statements.task.available
  const rows = yield* all<TaskRow>(sql, namespace, name, now, now, takers.length)
  const runs = new Set(rows.map((row) => taskOf(row).run.uid))
  for (const uid of [...runs].toSorted()) yield* hold(statements.run.hold, uid)

  const leases: Lease[] = []
  for (const [index, row] of rows.entries()) {
    const taker = takers[index]
    if (taker !== undefined) leases.push(yield* leaseTask(moment, row, taker))
  }
  return leases
}

function* leaseTask(moment: Moment, row: TaskRow, { holder, leaseMs }: LeaseTaker): Act<Lease> {
  const task = taskOf(row)
  const fence = row.fence + 1
  const expires = moment.now + leaseMs
  yield* write(statements.task.lease, fence, holder, expires, row.id, row.fence)
  yield* appendRecords(moment, {
    run: task.run,
    records: [{ type: 'task.leased', step: task.step, attempt: task.attempt, task: task.id, fence, holder }],
  })
  return { task, fence, expiresAt: new Date(expires).toISOString() }
}

/** When the agent's next task becomes available by time alone, or undefined when only an event can bring one. */
export function* nextAvailableAt({
  agent,
  now,
}: {
  readonly agent: AgentKey
  readonly now: number
}): Act<number | undefined> {
  const row = yield* get<{ at: number | null }>(
    statements.task.nextAvailable,
    agent.namespace,
    agent.name,
    now,
  )
  return row?.at ?? undefined
}
