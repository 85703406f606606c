// The agent's worker: takes tasks while it has hands free, and lets go of them in good order when it is told to stop.
// What happens inside a task is `perform-task.ts`.

import type { Logger } from '../ports/logger.ts'
import type { AssignedTask, TaskSource } from '../ports/task-source.ts'
import { withFields } from './log-fields.ts'
import { pause } from './pause.ts'
import { limitTime, performTask, type TaskTools } from './perform-task.ts'
import { runToolsets } from './run-toolsets.ts'
import { TaskSession } from './task-session.ts'

export interface Worker {
  /** True while it takes tasks. */
  isTaking(): boolean
  /** Stops taking tasks, lets running ones end for `graceMs`, then gives back what is left. Safe to call twice. */
  drain(graceMs: number): Promise<void>
}

const LEASE_WAIT_MS = 30_000
const RETRY_BASE_MS = 200
const RETRY_CAP_MS = 10_000

export const startWorker = ({
  source,
  holder,
  agent,
  concurrentTasks,
  tools,
  log,
}: {
  readonly source: TaskSource
  /** Names this process in the journal: the pod. */
  readonly holder: string
  readonly agent: string
  readonly concurrentTasks: number
  readonly tools: Omit<TaskTools, 'content' | 'toolsets'>
  readonly log: Logger
}): Worker => {
  const { clock, random } = tools
  const stopping = new AbortController()
  const toolsets = runToolsets()
  const running = new Map<Promise<void>, TaskSession>()
  let slots = Math.max(1, concurrentTasks)
  let drained: Promise<void> | undefined
  let wake = (): void => undefined

  const work = async (assigned: AssignedTask, session: TaskSession): Promise<void> => {
    const { task } = assigned
    const taskLog = withFields(log, {
      agent,
      namespace: task.run.namespace,
      run: task.run.name,
      step: task.step,
      attempt: task.attempt,
      task: task.id,
    })
    taskLog.info({ fence: assigned.fence, resumed: assigned.history.length > 0 }, 'task started')
    try {
      limitTime({ assigned, session, clock })
      await performTask({
        assigned,
        session,
        tools: { ...tools, toolsets, content: (sha256) => source.content(sha256) },
        log: taskLog,
      })
    } finally {
      session.close()
    }
  }

  const take = (assigned: AssignedTask): void => {
    const session = new TaskSession({ source, assigned, clock, log })
    // A tighter policy shrinks the hands; tasks that already run are not taken away.
    slots = Math.max(1, Math.min(concurrentTasks, assigned.policy.limits.concurrentTasks.value))
    const ended: Promise<void> = work(assigned, session)
      .catch((error: unknown) => log.error({ task: assigned.task.id, error: messageOf(error) }, 'task broke'))
      .finally(() => {
        running.delete(ended)
        wake()
      })
    running.set(ended, session)
  }

  const takeTasks = async (): Promise<void> => {
    let failures = 0
    while (!stopping.signal.aborted) {
      // Only a free hand asks: a task waits where another replica can have it.
      if (running.size >= slots) {
        await new Promise<void>((resolve) => (wake = resolve))
        continue
      }
      try {
        const assigned = await source.lease({ holder, waitMs: LEASE_WAIT_MS, signal: stopping.signal })
        failures = 0
        if (assigned !== undefined) take(assigned)
      } catch (error) {
        if (stopping.signal.aborted) break
        failures++
        log.warn({ agent, error: messageOf(error), failures }, 'lease failed')
        const ms = random() * Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** failures)
        await pause({ clock, ms, signal: stopping.signal })
      }
    }
  }
  const taking = takeTasks()

  const drain = async (graceMs: number): Promise<void> => {
    stopping.abort()
    wake()
    log.info({ agent, running: running.size, graceMs }, 'draining')
    const giveBack = clock.after(graceMs, () => {
      for (const session of running.values()) session.stop({ type: 'drain' })
    })
    await taking
    while (running.size > 0) await Promise.race(running.keys())
    giveBack()
    log.info({ agent }, 'drained')
  }

  return {
    isTaking: () => !stopping.signal.aborted,
    drain: (graceMs) => (drained ??= drain(graceMs)),
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
