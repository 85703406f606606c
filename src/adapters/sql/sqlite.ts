// The store on one SQLite file (or in memory) for one process: every port over one database, the verbs
// being those of every database. A second process that opens the same file is refused.

import type { RunKey } from '../../domain/journal/record.ts'
import type { AgentKey } from '../../domain/run/task.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventName } from '../../ports/inbox.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Store } from '../../ports/store.ts'
import { acceptDelivery } from './verbs/accept-delivery.ts'
import { countDeliveries, pruneDeliveries, recentDeliveries } from './verbs/count-deliveries.ts'
import { owingEvents, pendingRuns, runFate, settleRun } from './verbs/owed-runs.ts'
import { appendAsOwner } from './verbs/append-as-owner.ts'
import { appendRecords } from './verbs/append-records.ts'
import { cancelTasks } from './verbs/cancel-tasks.ts'
import { openDatabase, type Database } from './sqlite/database.ts'
import { finishTask } from './verbs/finish-task.ts'
import { forgetRuns } from './verbs/forget-runs.ts'
import { heartbeatTask } from './verbs/heartbeat-task.ts'
import { createLeaseWaiters } from './sqlite/lease-waiters.ts'
import { migrate } from './sqlite/migrate.ts'
import { createNotices, type Notices } from './notices.ts'
import { perform } from './sqlite/perform.ts'
import { createPolicyShelf } from './sqlite/policy-shelf.ts'
import { queueDepth, queueDepths } from './verbs/queue-depth.ts'
import { findRun, readContent, readRecords, runsPage, unfinishedRuns } from './verbs/read-journal.ts'
import {
  addMessages,
  claimMessages,
  lastSentAt,
  nextMessageDueAt,
  pruneOutbox,
  putThread,
  readThread,
  reviveMessages,
  settleMessage,
  summarizeOutbox,
} from './verbs/outbox.ts'
import { addRunEnd, pendingRunEnds, settleRunEnd } from './verbs/run-ends.ts'
import { releaseTask } from './verbs/release-task.ts'
import { reserveAsOwner } from './verbs/reserve-as-owner.ts'
import { dayOf, readSpend, reserveSpend } from './verbs/reserve-spend.ts'
import { settleSpend } from './verbs/settle-spend.ts'
import { submitTask } from './verbs/submit-task.ts'
import { createSweeper } from './sqlite/sweeper.ts'
import { readTask, taskOf } from './verbs/task-row.ts'
import { verifyJournal } from './verbs/verify-journal.ts'
import { createWriteQueue, type Transaction } from './sqlite/write-queue.ts'
import { statements } from './statements.ts'
import type { Act, Topic } from './verbs/act.ts'

interface SqliteStoreOptions {
  /** File, or `:memory:`. Its directory must exist. */
  readonly path: string
  /** What an acknowledged write survives; `the machine` (default) flushes every commit to the disk. */
  readonly outlives?: 'the machine' | 'the process'
  readonly clock: Clock
  readonly logger?: Logger
}

/** Throws KubeswarmError `StoreLocked` | `StoreTooNew` | `StoreUnavailable`. */
export const openSqliteStore = ({ path, outlives, clock, logger }: SqliteStoreOptions): Store => {
  const database = openMigrated({ path, ...(outlives === undefined ? {} : { outlives }) })
  const journalGrew = createNotices<RunKey>({ logger })
  const taskChanged = createNotices<{ readonly id: string; readonly agent: AgentKey }>({ logger })
  const policyChanged = createNotices<AgentKey>({ logger })
  const delivered = createNotices<EventName | undefined>({ logger })
  const announced: Readonly<Record<Topic, Notices<undefined>>> = {
    end: createNotices({ logger }),
    outbox: createNotices({ logger }),
  }
  const writes = createWriteQueue({
    database,
    clock,
    onGrowth: journalGrew.publish,
    onAnnounce: (topic) => announced[topic].publish(undefined),
  })
  const waiters = createLeaseWaiters({ database, writes, clock })
  const sweeper = createSweeper({ database, writes, clock, logger })
  let closed = false

  policyChanged.subscribe((agent) => {
    const leased = database.all<{ id: string }>(statements.task.leasedByAgent, agent.namespace, agent.name)
    for (const { id } of leased) taskChanged.publish({ id, agent })
  })

  const read = <T>(act: Act<T>): T => perform(database, act)
  const write = <T>(act: (moment: Transaction) => Act<T>): Promise<T> =>
    writes.write((transaction) => transaction.perform(act(transaction)))

  return {
    journal: {
      append: (request) => write((moment) => appendRecords(moment, request)),
      read: async (request) => read(readRecords(request)),
      content: async (sha256, reader) => read(readContent(sha256, reader)),
      find: async (request) => read(findRun(request)),
      unfinished: async () => read(unfinishedRuns()),
      runs: async (request) => read(runsPage(request)),
      forget: ({ runs }) => write(() => forgetRuns(runs)),
      verify: async ({ run }) => read(verifyJournal(run)),
      subscribe: journalGrew.subscribe,
    },

    tasks: {
      submit: (request) =>
        writes.write((transaction) => {
          if (transaction.perform(submitTask(transaction, request)))
            transaction.afterCommit(() => waiters.wake(request.task.agent))
        }),
      lease: (request) => waiters.lease(request),
      heartbeat: (request) =>
        writes.write((transaction) => {
          const standing = transaction.perform(heartbeatTask(transaction, request))
          if (standing.cancelled !== undefined) transaction.afterCommit(sweeper.arm)
          return standing
        }),
      append: (request) => write((moment) => appendAsOwner(moment, request)),
      reserve: (request) => write((moment) => reserveAsOwner(moment, request)),
      finish: (request) => write((moment) => finishTask(moment, request)),
      release: (proof) =>
        writes.write((transaction) => {
          const agent = transaction.perform(releaseTask(transaction, proof))
          transaction.afterCommit(() => waiters.wake(agent))
        }),
      cancel: (request) =>
        writes.write((transaction) => {
          const told = transaction.perform(cancelTasks(transaction, request))
          transaction.afterCommit(() => {
            for (const task of told) taskChanged.publish(task)
            sweeper.arm()
          })
        }),
      find: async (id) => {
        const row = read(readTask(id))
        return row === undefined ? undefined : { task: taskOf(row), state: row.state }
      },
      depth: async (agent) => read(queueDepth({ agent, now: clock.now() })),
      depths: async () => read(queueDepths({ now: clock.now() })),
      subscribe: taskChanged.subscribe,
    },

    policies: createPolicyShelf({ database, writes, changed: policyChanged }),

    spend: {
      reserve: (request) => write((moment) => reserveSpend(moment, request)),
      settle: ({ key, tokens }) => write(() => settleSpend({ key, settlement: { type: 'used', tokens } })),
      spentToday: async (agent) => read(readSpend({ day: dayOf(clock.now()), agent })),
    },

    inbox: {
      accept: (entry) =>
        writes.write((transaction) => {
          transaction.afterCommit(() => delivered.publish(entry))
          return transaction.perform(acceptDelivery(transaction, entry))
        }),
      pending: async (request) => read(pendingRuns(request)),
      owing: async () => read(owingEvents()),
      settle: (request) =>
        writes.write((transaction) => {
          transaction.afterCommit(() => delivered.publish(request))
          transaction.perform(settleRun(request))
        }),
      fate: async (request) => read(runFate(request)),
      count: async (request) => read(countDeliveries(request)),
      recent: async (request) => read(recentDeliveries(request)),
      prune: (request) => write(() => pruneDeliveries(request)),
      subscribe: delivered.subscribe,
    },

    ends: {
      add: (end) => write((moment) => addRunEnd(moment, end)),
      pending: async () => read(pendingRunEnds()),
      settle: (request) => write(() => settleRunEnd(request)),
      subscribe: (listener) => announced.end.subscribe(() => listener()),
    },

    outbox: {
      add: (messages) => write((moment) => addMessages(moment, messages)),
      claim: (request) => write((moment) => claimMessages(moment, request)),
      settle: (message, outcome) => write((moment) => settleMessage(moment, message, outcome)),
      nextDueAt: async () => read(nextMessageDueAt()),
      lastSentAt: async (place) => read(lastSentAt(place)),
      summary: async (request) => read(summarizeOutbox(request)),
      revive: (request) => write((moment) => reviveMessages(moment, request)),
      prune: (request) => write(() => pruneOutbox(request)),
      thread: async (key) => read(readThread(key)),
      putThread: (key, place) => write(() => putThread(key, place)),
      subscribe: (listener) => announced.outbox.subscribe(() => listener()),
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

const openMigrated = (options: Pick<SqliteStoreOptions, 'path' | 'outlives'>): Database => {
  const { path } = options
  const database = openDatabase(options)
  try {
    migrate({ database, path })
    return database
  } catch (error) {
    database.close()
    throw error
  }
}
