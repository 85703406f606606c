// Group commit: everything that asks to write in one turn of the event loop shares one transaction and one flush.
// With one caller a write waits for its own flush only; with many, the flush is shared by all of them.

import { isKubeswarmError, KubeswarmError } from '../../../domain/error.ts'
import type { RunKey } from '../../../domain/journal/record.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Act, Moment, Topic } from '../verbs/act.ts'
import type { Database } from './database.ts'
import { perform } from './perform.ts'

export interface Transaction extends Moment {
  readonly database: Database
  readonly perform: <T>(act: Act<T>) => T
  /** Runs `action` when the transaction is durable, not at all when it is rolled back. */
  readonly afterCommit: (action: () => void) => void
}

/**
 * A write. It may run twice (after a fault of a neighbour in the same transaction), so it keeps nothing outside the
 * database but through `afterCommit`. A refusal (KubeswarmError) must be thrown before its first statement that writes.
 */
export type Write<T> = (transaction: Transaction) => T

export interface WriteQueue {
  /** Resolves when the write is durable. */
  write<T>(action: Write<T>): Promise<T>
  /** Writes what is waiting; later writes are refused. */
  close(): void
}

interface Waiting {
  readonly action: Write<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

type Result =
  { readonly type: 'done'; readonly value: unknown } | { readonly type: 'refused'; readonly error: unknown }

export const createWriteQueue = ({
  database,
  clock,
  onGrowth,
  onAnnounce,
}: {
  readonly database: Database
  readonly clock: Clock
  /** Called once per transaction for each run whose journal it made longer. */
  readonly onGrowth: (run: RunKey) => void
  /** Called once per transaction for each topic. */
  readonly onAnnounce: (topic: Topic) => void
}): WriteQueue => {
  let waiting: Waiting[] = []
  let scheduled = false
  let closed = false

  /** All of `batch` in one transaction. Throws, with nothing written, on anything but a refusal. */
  const commit = (
    batch: readonly Waiting[],
  ): { results: readonly Result[]; committed: readonly (() => void)[] } => {
    const committed: (() => void)[] = []
    const grown = new Map<string, RunKey>()
    const topics = new Set<Topic>()
    const transaction: Transaction = {
      database,
      perform: (act) => perform(database, act),
      now: clock.now(),
      afterCommit: (action) => void committed.push(action),
      touch: (run) => void grown.set(run.uid, run),
      announce: (topic) => void topics.add(topic),
    }
    database.exec('BEGIN IMMEDIATE')
    try {
      const results = batch.map(({ action }): Result => {
        try {
          return { type: 'done', value: action(transaction) }
        } catch (error) {
          if (isKubeswarmError(error)) return { type: 'refused', error }
          throw error
        }
      })
      database.exec('COMMIT')
      for (const run of grown.values()) committed.push(() => onGrowth(run))
      for (const topic of topics) committed.push(() => onAnnounce(topic))
      return { results, committed }
    } catch (error) {
      rollBack(database)
      throw error
    }
  }

  const settle = (batch: readonly Waiting[]): void => {
    try {
      const { results, committed } = commit(batch)
      results.forEach((result, index) => {
        if (result.type === 'done') batch[index]?.resolve(result.value)
        else batch[index]?.reject(result.error)
      })
      for (const action of committed) action()
    } catch (error) {
      // One faulty write must not fail its neighbours: alone, each finds its own fate.
      if (batch.length > 1) for (const one of batch) settle([one])
      else batch[0]?.reject(storeFailed(error))
    }
  }

  const flush = (): void => {
    scheduled = false
    const batch = waiting
    waiting = []
    if (batch.length > 0) settle(batch)
  }

  return {
    write: <T>(action: Write<T>) =>
      new Promise<T>((resolve, reject) => {
        if (closed) {
          reject(
            new KubeswarmError({ code: 'StoreUnavailable', message: 'cannot write: the store is closed' }),
          )
          return
        }
        waiting.push({ action, resolve: resolve as (value: unknown) => void, reject })
        if (scheduled) return
        scheduled = true
        setImmediate(flush)
      }),
    close: () => {
      closed = true
      flush()
    },
  }
}

const rollBack = (database: Database): void => {
  try {
    database.exec('ROLLBACK')
  } catch {
    // SQLite has already rolled back by itself (disk full, I/O error); the first error is the one to tell.
  }
}

const storeFailed = (error: unknown): KubeswarmError =>
  new KubeswarmError({
    code: 'StoreUnavailable',
    message: `cannot write to the store: ${error instanceof Error ? error.message : String(error)}`,
    remedy: 'check the free space and the permissions of the volume that holds the store',
    retryable: true,
    cause: error,
  })
