// The store on one SQLite file (or in memory) for one process: every port over one database, each verb in its own
// file beside this one. A second process that opens the same file is refused.

import type { RunKey } from '../../domain/journal/record.ts'
import type { AgentKey } from '../../domain/run/task.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Store } from '../../ports/store.ts'
import {
  acceptDelivery,
  countDeliveries,
  pendingDeliveries,
  settleDelivery,
} from './sqlite/accept-delivery.ts'
import { appendAsOwner } from './sqlite/append-as-owner.ts'
import { appendRecords } from './sqlite/append-records.ts'
import { cancelTasks } from './sqlite/cancel-tasks.ts'
import { openDatabase, type Database } from './sqlite/database.ts'
import { finishTask } from './sqlite/finish-task.ts'
import { heartbeatTask } from './sqlite/heartbeat-task.ts'
import { createLeaseWaiters } from './sqlite/lease-waiters.ts'
import { migrate } from './sqlite/migrate.ts'
import { createNotices } from './sqlite/notices.ts'
import { createPolicyShelf } from './sqlite/policy-shelf.ts'
import { queueDepth, queueDepths } from './sqlite/queue-depth.ts'
import { findRun, readContent, readRecords, unfinishedRuns } from './sqlite/read-journal.ts'
import { releaseTask } from './sqlite/release-task.ts'
import { reserveAsOwner } from './sqlite/reserve-as-owner.ts'
import { dayOf, readSpend, reserveSpend } from './sqlite/reserve-spend.ts'
import { settleSpend } from './sqlite/settle-spend.ts'
import { submitTask } from './sqlite/submit-task.ts'
import { createSweeper } from './sqlite/sweeper.ts'
import { readTask, taskOf } from './sqlite/task-row.ts'
import { createWriteQueue } from './sqlite/write-queue.ts'
import { statements } from './statements.ts'

interface SqliteStoreOptions {
  /** File, or `:memory:`. Its directory must exist. */
  readonly path: string
  readonly clock: Clock
  readonly logger?: Logger
}

/** Throws KubeswarmError `StoreLocked` | `StoreTooNew` | `StoreUnavailable`. */
export const openSqliteStore = ({ path, clock, logger }: SqliteStoreOptions): Store => {
  const database = openMigrated(path)
  const journalGrew = createNotices<RunKey>({ logger })
  const taskChanged = createNotices<{ readonly id: string; readonly agent: AgentKey }>({ logger })
  const policyChanged = createNotices<AgentKey>({ logger })
  const delivered = createNotices<undefined>({ logger })
  const writes = createWriteQueue({ database, clock, onGrowth: journalGrew.publish })
  const waiters = createLeaseWaiters({ database, writes, clock })
  const sweeper = createSweeper({ database, writes, clock, logger })
  let closed = false

  policyChanged.subscribe((agent) => {
    const leased = database.all<{ id: string }>(statements.task.leasedByAgent, agent.namespace, agent.name)
    for (const { id } of leased) taskChanged.publish({ id, agent })
  })

  return {
    journal: {
      append: (request) => writes.write((transaction) => appendRecords(transaction, request)),
      read: async (request) => readRecords(database, request),
      content: async (sha256, reader) => readContent(database, sha256, reader),
      find: async (request) => findRun(database, request),
      unfinished: async () => unfinishedRuns(database),
      subscribe: journalGrew.subscribe,
    },

    tasks: {
      submit: ({ task, records }) =>
        writes.write((transaction) => {
          if (submitTask(transaction, { task, records }))
            transaction.afterCommit(() => waiters.wake(task.agent))
        }),
      lease: (request) => waiters.lease(request),
      heartbeat: (request) =>
        writes.write((transaction) => {
          const standing = heartbeatTask(transaction, request)
          if (standing.cancelled !== undefined) transaction.afterCommit(sweeper.arm)
          return standing
        }),
      append: (request) => writes.write((transaction) => appendAsOwner(transaction, request)),
      reserve: (request) => writes.write((transaction) => reserveAsOwner(transaction, request)),
      finish: (request) => writes.write((transaction) => finishTask(transaction, request)),
      release: (proof) =>
        writes.write((transaction) => {
          const agent = releaseTask(transaction, proof)
          transaction.afterCommit(() => waiters.wake(agent))
        }),
      cancel: (request) =>
        writes.write((transaction) => {
          const told = cancelTasks(transaction, request)
          transaction.afterCommit(() => {
            for (const task of told) taskChanged.publish(task)
            sweeper.arm()
          })
        }),
      find: async (id) => {
        const row = readTask(database, id)
        return row === undefined ? undefined : { task: taskOf(row), state: row.state }
      },
      depth: async (agent) => queueDepth(database, { agent, now: clock.now() }),
      depths: async () => queueDepths(database, { now: clock.now() }),
      subscribe: taskChanged.subscribe,
    },

    policies: createPolicyShelf({ database, writes, changed: policyChanged }),

    spend: {
      reserve: (request) => writes.write((transaction) => reserveSpend(transaction, request)),
      settle: ({ key, tokens }) =>
        writes.write((transaction) =>
          settleSpend(transaction, { key, settlement: { type: 'used', tokens } }),
        ),
      spentToday: async (agent) => readSpend(database, { day: dayOf(clock.now()), agent }),
    },

    inbox: {
      accept: (entry) =>
        writes.write((transaction) => {
          const accepted = acceptDelivery(transaction, entry)
          if (!accepted.duplicate) transaction.afterCommit(() => delivered.publish(undefined))
          return accepted
        }),
      pending: async () => pendingDeliveries(database),
      settle: (request) => writes.write((transaction) => settleDelivery(transaction, request)),
      count: async (request) => countDeliveries(database, request),
      subscribe: (listener) => delivered.subscribe(() => listener()),
    },

    close: async () => {
      if (closed) return
      closed = true
      waiters.close()
      sweeper.close()
      writes.close()
      database.close()
    },
  }
}

const openMigrated = (path: string): Database => {
  const database = openDatabase({ path })
  try {
    migrate({ database, path })
    return database
  } catch (error) {
    database.close()
    throw error
  }
}
