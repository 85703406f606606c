// Long polls for tasks on a database that others use too. Callers wait here, first come first served, and are woken
// by what makes a task available: a submit or release in any process, or the clock reaching the next retry time or
// lease end. Nobody polls; a database that is away for a while costs them time, not their place.

import type { AgentKey } from '../../../domain/run/task.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Logger } from '../../../ports/logger.ts'
import type { Lease, TaskQueue } from '../../../ports/task-queue.ts'
import { leaseTasks, nextAvailableAt } from '../verbs/lease-task.ts'
import { releaseTask } from '../verbs/release-task.ts'
import type { Transactions } from './transactions.ts'

interface LeaseWaiters {
  readonly lease: TaskQueue['lease']
  /** Something may have become available for the agent; without one, for anybody. */
  wake(agent?: AgentKey): void
  /** Answers everyone with nothing, and everyone who comes later. */
  close(): Promise<void>
}

interface Waiter {
  readonly holder: string
  readonly leaseMs: number
  /** Takes what is there now, or nothing. */
  readonly impatient: boolean
  /** Resolves to false when the waiter has left before. */
  readonly settle: (outcome: { readonly lease?: Lease } | { readonly error: unknown }) => boolean
}

interface Line {
  readonly agent: AgentKey
  readonly waiters: Set<Waiter>
  serving: Promise<void> | undefined
  /** Woken while being served: look once more. */
  again: boolean
  failures: number
  stopTimer: (() => void) | undefined
}

/** Tasks handed out in one transaction. */
const MOST_AT_ONCE = 32
const LONGEST_TIMER_MS = 86_400_000
/** After another process let go of a task without taking it. */
const SOON_MS = 50
const FIRST_RETRY_MS = 200
const LONGEST_RETRY_MS = 5000

export const createLeaseWaiters = ({
  transactions: { read, write },
  clock,
  logger,
}: {
  readonly transactions: Transactions
  readonly clock: Clock
  readonly logger?: Logger | undefined
}): LeaseWaiters => {
  const lines = new Map<string, Line>()
  let closed = false

  const lineOf = (agent: AgentKey): Line => {
    const key = `${agent.namespace}/${agent.name}`
    const known = lines.get(key)
    if (known !== undefined) return known
    const line: Line = {
      agent,
      waiters: new Set(),
      serving: undefined,
      again: false,
      failures: 0,
      stopTimer: undefined,
    }
    lines.set(key, line)
    return line
  }

  const forget = (line: Line): void => {
    if (line.waiters.size > 0 || line.serving !== undefined) return
    line.stopTimer?.()
    lines.delete(`${line.agent.namespace}/${line.agent.name}`)
  }

  const serve = (line: Line): void => {
    line.again = true
    if (line.serving !== undefined || line.waiters.size === 0) return
    line.serving = serveAll(line).finally(() => {
      line.serving = undefined
      // Woken between the last look and this line.
      if (line.again) serve(line)
      forget(line)
    })
  }

  const serveAll = async (line: Line): Promise<void> => {
    line.stopTimer?.()
    line.stopTimer = undefined
    try {
      let evenHeld = false
      while ((line.again || evenHeld) && line.waiters.size > 0) {
        // The second look takes the first of the line only; who came meanwhile has not been looked after by it.
        if (!evenHeld) line.again = false
        const handedOut = await handOut(line, evenHeld)
        if (line.waiters.size === 0) break
        const left = await untilNext(line)
        if (left !== undefined && left > 0) timer(line, left)
        const due = left !== undefined && left <= 0
        if (due && handedOut) line.again = true
        if (due && !handedOut && evenHeld) timer(line, SOON_MS)
        // Due and not taken by us: another process is deciding about it, or it became due this very moment.
        evenHeld = due && !handedOut && !evenHeld
      }
      line.failures = 0
    } catch (error) {
      line.again = false
      for (const waiter of line.waiters) if (waiter.impatient) waiter.settle({ error })
      const ceiling = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** line.failures++)
      if (line.waiters.size > 0) timer(line, ceiling / 2 + (Math.random() * ceiling) / 2)
    }
  }

  const handOut = async (line: Line, evenHeld: boolean): Promise<boolean> => {
    let takers: readonly Waiter[] = []
    const leases = await write((transaction) => {
      // Only now: who left while the connection was made gets nothing that would have to be given back.
      takers = [...line.waiters].slice(0, evenHeld ? 1 : MOST_AT_ONCE)
      return leaseTasks(transaction, { agent: line.agent, takers, evenHeld })
    })
    for (const [index, lease] of leases.entries()) {
      if (takers[index]?.settle({ lease }) !== true) await giveBack(lease)
    }
    for (const waiter of takers) if (waiter.impatient) waiter.settle({})
    if (takers.length === MOST_AT_ONCE) line.again = true
    return leases.length > 0
  }

  /** Nobody is there any more to work on it. */
  const giveBack = async ({ task, fence }: Lease): Promise<void> => {
    try {
      await write(function* (transaction) {
        const agent = yield* releaseTask(transaction, { task: task.id, fence })
        transaction.publish({ type: 'available', agent })
      })
    } catch (error) {
      logger?.warn({ err: error, task: task.id }, 'cannot give a task back; its lease will run out')
    }
  }

  const untilNext = async (line: Line): Promise<number | undefined> => {
    const at = await read(() => nextAvailableAt({ agent: line.agent, now: clock.now() }))
    return at === undefined ? undefined : at - clock.now()
  }

  const timer = (line: Line, ms: number): void => {
    line.stopTimer?.()
    if (!closed) line.stopTimer = clock.after(Math.min(ms, LONGEST_TIMER_MS), () => serve(line))
  }

  return {
    lease: ({ agent, holder, leaseMs, waitMs, signal }) => {
      if (closed || signal?.aborted === true) return Promise.resolve(undefined)
      return new Promise((resolve, reject) => {
        const line = lineOf(agent)
        const giveUp = (): void => void waiter.settle({})
        const waiter: Waiter = {
          holder,
          leaseMs,
          impatient: waitMs <= 0,
          settle: (outcome) => {
            if (!line.waiters.delete(waiter)) return false
            stopWaiting()
            signal?.removeEventListener('abort', giveUp)
            forget(line)
            if ('error' in outcome) reject(outcome.error)
            else resolve(outcome.lease)
            return true
          },
        }
        line.waiters.add(waiter)
        signal?.addEventListener('abort', giveUp, { once: true })
        const stopWaiting = waitMs > 0 ? clock.after(waitMs, giveUp) : () => undefined
        serve(line)
      })
    },
    wake: (agent) => {
      if (agent === undefined) {
        for (const line of lines.values()) serve(line)
        return
      }
      const line = lines.get(`${agent.namespace}/${agent.name}`)
      if (line !== undefined) serve(line)
    },
    close: async () => {
      closed = true
      const serving = [...lines.values()].flatMap((line) => line.serving ?? [])
      for (const line of lines.values()) {
        line.stopTimer?.()
        for (const waiter of line.waiters) waiter.settle({})
      }
      await Promise.all(serving)
    },
  }
}
