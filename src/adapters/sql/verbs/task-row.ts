// A task as its row tells it, and the one question every owner's call starts with: is it still yours?

import { KubeswarmError } from '../../../domain/error.ts'
import type { Task } from '../../../domain/run/task.ts'
import type { LeaseProof, TaskStanding } from '../../../ports/task-queue.ts'
import { statements } from '../statements.ts'
import { get, type Act } from './act.ts'

export interface TaskRow {
  readonly id: string
  /** JSON of the `Task`. */
  readonly task: string
  readonly state: 'queued' | 'leased' | 'ended'
  readonly fence: number
  readonly available_at: number
  readonly cancelled: string | null
}

export const taskOf = (row: TaskRow): Task => JSON.parse(row.task) as Task

export const readTask = (id: string): Act<TaskRow | undefined> => get<TaskRow>(statements.task.read, id)

/** The same, and nobody else changes it until the transaction ends. */
export const holdTask = (id: string): Act<TaskRow | undefined> => get<TaskRow>(statements.task.own, id)

/** The row of a task that `proof` owns, held until the transaction ends. Throws `StaleLease`. */
export function* requireOwner(proof: LeaseProof): Act<TaskRow> {
  const row = yield* holdTask(proof.task)
  if (row === undefined) throw staleLease(proof, 'no such task')
  if (row.state === 'ended') throw staleLease(proof, 'the task has ended')
  if (row.state === 'queued') throw staleLease(proof, 'the task was given back')
  if (row.fence !== proof.fence)
    throw staleLease(proof, `the task went to another owner with fence ${row.fence}`)
  return row
}

const staleLease = ({ task, fence }: LeaseProof, reason: string): KubeswarmError =>
  new KubeswarmError({
    code: 'StaleLease',
    message: `task "${task}" is not owned with fence ${fence}: ${reason}`,
    remedy: 'stop working on this task; whatever it did is in the journal',
  })

export const standingOf = ({
  available_at,
  cancelled,
}: Pick<TaskRow, 'available_at' | 'cancelled'>): TaskStanding => ({
  expiresAt: new Date(available_at).toISOString(),
  ...(cancelled === null ? {} : { cancelled: { reason: cancelled } }),
})
