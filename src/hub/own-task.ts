// What an agent may touch: tasks that were given to it, and in the journal its own step of its own attempt.

import { KubeswarmError } from '../domain/error.ts'
import type { RecordBody } from '../domain/journal/record.ts'
import type { AgentKey, Task } from '../domain/run/task.ts'
import type { Store } from '../ports/store.ts'

/** The agent's task of that id. Throws `Forbidden` for another agent's, `StaleLease` for one nobody knows. */
export const requireOwnTask = async ({
  store,
  agent,
  task: id,
}: {
  readonly store: Store
  readonly agent: AgentKey
  readonly task: string
}): Promise<Task> => {
  const found = await store.tasks.find(id)
  if (found === undefined) {
    throw new KubeswarmError({
      code: 'StaleLease',
      message: `task "${id}" does not exist`,
      remedy: 'stop working on it; the store it came from is gone',
    })
  }
  const { task } = found
  if (task.agent.namespace !== agent.namespace || task.agent.name !== agent.name) {
    throw new KubeswarmError({
      code: 'Forbidden',
      message: `task "${id}" does not belong to agent ${agent.namespace}/${agent.name}`,
      remedy: 'an agent may touch its own tasks only',
    })
  }
  return task
}

export type OwnerRecord = RecordBody & { readonly step: string; readonly attempt: number }

/** Throws `Forbidden` when a record tells of anything but the task's own step and attempt. */
export const requireOwnRecords = ({
  task,
  records,
}: {
  readonly task: Task
  readonly records: readonly OwnerRecord[]
}): void => {
  const foreign = records.find(
    (record) =>
      record.step !== task.step ||
      record.attempt !== task.attempt ||
      ('task' in record && record.task !== task.id),
  )
  if (foreign === undefined) return
  throw new KubeswarmError({
    code: 'Forbidden',
    message: `record ${foreign.type} of step "${foreign.step}" attempt ${foreign.attempt} does not belong to task "${task.id}"`,
    remedy: 'an agent may tell of its own task only',
  })
}
