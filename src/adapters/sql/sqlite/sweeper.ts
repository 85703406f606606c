// Ends cancelled tasks whose owner has vanished, when their lease runs out: one timer, set to the next such moment.

import type { Clock } from '../../../ports/clock.ts'
import type { Logger } from '../../../ports/logger.ts'
import { endAbandoned, nextAbandonedAt } from '../verbs/cancel-tasks.ts'
import type { Database } from './database.ts'
import { perform } from './perform.ts'
import type { Transaction, WriteQueue } from './write-queue.ts'

interface Sweeper {
  /** Looks for the next moment anew. */
  readonly arm: () => void
  readonly close: () => void
}

/** After a failed sweep; the store is in trouble then and says so elsewhere too. */
const RETRY_MS = 5000

export const createSweeper = ({
  database,
  writes,
  clock,
  logger,
}: {
  readonly database: Database
  readonly writes: WriteQueue
  readonly clock: Clock
  readonly logger?: Logger | undefined
}): Sweeper => {
  let stopTimer: (() => void) | undefined
  let closed = false

  const schedule = (ms: number): void => {
    stopTimer?.()
    stopTimer = clock.after(ms, sweep)
  }
  const arm = (): void => {
    if (closed) return
    stopTimer?.()
    stopTimer = undefined
    const at = perform(database, nextAbandonedAt())
    if (at !== undefined) schedule(Math.max(0, at - clock.now()))
  }
  const sweep = (): void => {
    stopTimer = undefined
    writes.write(endAllAbandoned).then(arm, (error: unknown) => {
      if (closed) return
      logger?.error({ err: error }, 'cannot end abandoned tasks')
      schedule(RETRY_MS)
    })
  }

  arm()
  return {
    arm,
    close: () => {
      closed = true
      stopTimer?.()
    },
  }
}

const endAllAbandoned = (transaction: Transaction): void => {
  while (transaction.perform(endAbandoned(transaction))) continue
}
