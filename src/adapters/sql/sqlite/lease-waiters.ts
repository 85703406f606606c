// Long polls for tasks. Callers wait here, first come first served, and are woken by what makes a task available: a
// submit, a release, or the clock reaching the next retry time or lease end. Nobody polls.

import type { AgentKey } from '../../../domain/run/task.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Lease } from '../../../ports/task-queue.ts'
import { leaseTasks, nextAvailableAt } from '../verbs/lease-task.ts'
import type { Database } from './database.ts'
import { perform } from './perform.ts'
import type { WriteQueue } from './write-queue.ts'

interface LeaseWaiters {
  lease(request: {
    readonly agent: AgentKey
    readonly holder: string
    readonly leaseMs: number
    readonly waitMs: number
    readonly signal?: AbortSignal
  }): Promise<Lease | undefined>
  /** Something may have become available for the agent. */
  wake(agent: AgentKey): void
  /** Answers everyone with nothing, and everyone who comes later. */
  close(): void
}

interface Waiter {
  readonly holder: string
  readonly leaseMs: number
  /** Takes what is there now, or nothing. */
  readonly impatient: boolean
  readonly settle: (outcome: { readonly lease?: Lease } | { readonly error: unknown }) => void
}

interface Line {
  readonly agent: AgentKey
  readonly waiters: Set<Waiter>
  serving: boolean
  stopTimer: (() => void) | undefined
}

/** setTimeout's ceiling is 2^31 - 1 ms; a longer wait simply looks again. */
const LONGEST_TIMER_MS = 86_400_000

export const createLeaseWaiters = ({
  database,
  writes,
  clock,
}: {
  readonly database: Database
  readonly writes: WriteQueue
  readonly clock: Clock
}): LeaseWaiters => {
  const lines = new Map<string, Line>()
  let closed = false

  const lineOf = (agent: AgentKey): Line => {
    const key = `${agent.namespace}/${agent.name}`
    const known = lines.get(key)
    if (known !== undefined) return known
    const line: Line = { agent, waiters: new Set(), serving: false, stopTimer: undefined }
    lines.set(key, line)
    return line
  }

  const forget = (line: Line): void => {
    if (line.waiters.size > 0 || line.serving) return
    line.stopTimer?.()
    lines.delete(`${line.agent.namespace}/${line.agent.name}`)
  }

  /** One write serves as many waiters as there are tasks. */
  const serve = (line: Line): void => {
    if (line.serving || line.waiters.size === 0) return
    line.serving = true
    line.stopTimer?.()
    line.stopTimer = undefined
    writes
      .write((transaction) => {
        const takers = [...line.waiters]
        const leases = transaction.perform(leaseTasks(transaction, { agent: line.agent, takers }))
        for (const [index, lease] of leases.entries()) {
          // Rolled back, the waiter stays in line: it leaves only once its lease is durable.
          transaction.afterCommit(() => takers[index]?.settle({ lease }))
        }
        transaction.afterCommit(() => {
          line.serving = false
          for (const waiter of line.waiters) if (waiter.impatient) waiter.settle({})
          // A task submitted later in this same transaction is found here.
          armTimer(line)
          forget(line)
        })
      })
      .catch((error: unknown) => {
        line.serving = false
        for (const waiter of line.waiters) waiter.settle({ error })
      })
  }

  const armTimer = (line: Line): void => {
    if (line.waiters.size === 0) return
    const now = clock.now()
    const at = perform(database, nextAvailableAt({ agent: line.agent, now }))
    if (at === undefined) return
    if (at <= now) {
      serve(line)
      return
    }
    line.stopTimer = clock.after(Math.min(at - now, LONGEST_TIMER_MS), () => serve(line))
  }

  return {
    lease: ({ agent, holder, leaseMs, waitMs, signal }) => {
      if (closed || signal?.aborted === true) return Promise.resolve(undefined)
      return new Promise((resolve, reject) => {
        const line = lineOf(agent)
        const giveUp = (): void => waiter.settle({})
        const waiter: Waiter = {
          holder,
          leaseMs,
          impatient: waitMs <= 0,
          settle: (outcome) => {
            if (!line.waiters.delete(waiter)) return
            stopWaiting()
            signal?.removeEventListener('abort', giveUp)
            forget(line)
            if ('error' in outcome) reject(outcome.error)
            else resolve(outcome.lease)
          },
        }
        line.waiters.add(waiter)
        signal?.addEventListener('abort', giveUp, { once: true })
        const stopWaiting = waitMs > 0 ? clock.after(waitMs, giveUp) : () => undefined
        serve(line)
      })
    },
    wake: (agent) => {
      const line = lines.get(`${agent.namespace}/${agent.name}`)
      if (line !== undefined) serve(line)
    },
    close: () => {
      closed = true
      for (const line of lines.values()) {
        line.stopTimer?.()
        for (const waiter of line.waiters) waiter.settle({})
      }
    },
  }
}
