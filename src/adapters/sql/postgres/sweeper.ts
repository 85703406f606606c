// Ends cancelled tasks whose owner has vanished, when their lease runs out. Every process on the database does so;
// the first one ends the task, the others find nothing left.

import type { Clock } from '../../../ports/clock.ts'
import type { Logger } from '../../../ports/logger.ts'
import { endAbandoned, nextAbandonedAt } from '../verbs/cancel-tasks.ts'
import type { Transactions } from './transactions.ts'

interface Sweeper {
  /** Looks for the next moment anew. */
  readonly arm: () => void
  /** Resolves when nothing is being looked for or ended: what is over by the clock is over for a reader too. */
  readonly settled: () => Promise<void>
  readonly close: () => Promise<void>
}

/** After a failed sweep; a database that comes back arms it earlier. */
const RETRY_MS = 5000
const SOON_MS = 50
/** setTimeout's ceiling is 2^31 - 1 ms; a longer wait simply looks again. */
const LONGEST_TIMER_MS = 86_400_000

export const createSweeper = ({
  transactions: { read, write },
  clock,
  logger,
}: {
  readonly transactions: Transactions
  readonly clock: Clock
  readonly logger?: Logger | undefined
}): Sweeper => {
  let stopTimer: (() => void) | undefined
  let sweeping: Promise<void> | undefined
  let again = false
  let closed = false

  const schedule = (ms: number): void => {
    stopTimer?.()
    if (!closed) stopTimer = clock.after(Math.min(ms, LONGEST_TIMER_MS), arm)
  }

  const sweep = async (): Promise<void> => {
    do {
      again = false
      const at = await read(nextAbandonedAt)
      if (at === undefined) continue
      const left = at - clock.now()
      if (left > 0) {
        schedule(left)
      } else {
        // Another process is just deciding about it.
        if (await write(endAbandoned)) again = true
        else schedule(SOON_MS)
      }
    } while (again && !closed)
  }

  const arm = (): void => {
    again = true
    if (closed || sweeping !== undefined) return
    sweeping = sweep()
      .catch((error: unknown) => {
        if (!closed) logger?.error({ err: error }, 'cannot end abandoned tasks')
        schedule(RETRY_MS)
      })
      .finally(() => {
        sweeping = undefined
      })
  }

  return {
    arm,
    settled: () => sweeping ?? Promise.resolve(),
    close: async () => {
      closed = true
      stopTimer?.()
      await sweeping
    },
  }
}
