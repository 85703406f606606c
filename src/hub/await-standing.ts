// Answers the heartbeat of a task's owner: at once when the task must stop, and otherwise when that changes, or its
// policy, or the wait is over. So an owner hears of a cancellation when it happens, not with its next beat.

import type { Clock } from '../ports/clock.ts'
import type { TaskQueue, TaskStanding } from '../ports/task-queue.ts'

export const awaitStanding = async ({
  tasks,
  task,
  extend,
  waitMs,
  signal,
  clock,
}: {
  readonly tasks: TaskQueue
  /** Id of the owner's task. */
  readonly task: string
  /** Extends the lease and tells how the task stands. */
  readonly extend: () => Promise<TaskStanding>
  readonly waitMs: number
  readonly signal: AbortSignal
  readonly clock: Clock
}): Promise<TaskStanding> => {
  const { promise: woken, resolve: wake } = Promise.withResolvers<'changed' | 'late'>()
  // Before the first look, so that nothing falls in between.
  const unsubscribe = tasks.subscribe(({ id }) => {
    if (id === task) wake('changed')
  })
  const stopTimer = clock.after(waitMs, () => wake('late'))
  signal.addEventListener('abort', () => wake('late'), { once: true })
  try {
    const standing = await extend()
    if (standing.cancelled !== undefined || waitMs <= 0 || signal.aborted) return standing
    return (await woken) === 'changed' ? await extend() : standing
  } finally {
    unsubscribe()
    stopTimer()
  }
}
