// The store on one PostgreSQL database (or one schema of it) for any number of processes: every port over the verbs
// of every database. Row locks keep the processes apart, notices wake them.

import { randomUUID } from 'node:crypto'
import type { RunKey } from '../../domain/journal/record.ts'
import type { AgentKey } from '../../domain/run/task.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventName } from '../../ports/inbox.ts'
import type { Journal } from '../../ports/journal.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Store } from '../../ports/store.ts'
import type { TaskQueue } from '../../ports/task-queue.ts'
import { createNotices } from './notices.ts'
import { openConnections } from './postgres/connections.ts'
import { createGate } from './postgres/gate.ts'
import { createLeaseWaiters } from './postgres/lease-waiters.ts'
import { startListener } from './postgres/listener.ts'
import { lookAgain } from './postgres/look-again.ts'
import { migrate } from './postgres/migrate.ts'
import type { Notice } from './postgres/notice.ts'
import { createPolicyTable } from './postgres/policy-table.ts'
import { createSweeper } from './postgres/sweeper.ts'
import { appendTogether } from './postgres/together.ts'
import { createTransactions } from './postgres/transactions.ts'
import { acceptDelivery } from './verbs/accept-delivery.ts'
import { countDeliveries, pruneDeliveries, recentDeliveries } from './verbs/count-deliveries.ts'
import { owingEvents, pendingRuns, runFate, settleRun } from './verbs/owed-runs.ts'
import { appendAsOwner } from './verbs/append-as-owner.ts'
import { appendRecords } from './verbs/append-records.ts'
import { cancelTasks } from './verbs/cancel-tasks.ts'
import { finishTask } from './verbs/finish-task.ts'
import { forgetRuns } from './verbs/forget-runs.ts'
import { heartbeatTask } from './verbs/heartbeat-task.ts'
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
import { readTask, taskOf } from './verbs/task-row.ts'
import { verifyJournal } from './verbs/verify-journal.ts'

interface PostgresStoreOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; tables go into the first schema of its search path. */
  readonly url: string
  readonly clock: Clock
  readonly logger?: Logger
}

type JournalAppend = Parameters<Journal['append']>[0]
type OwnerAppend = Parameters<TaskQueue['append']>[0]

/** Throws KubeswarmError `InvalidInput` | `StoreTooNew` | `StoreUnavailable`. */
export const openPostgresStore = async ({ url, clock, logger }: PostgresStoreOptions): Promise<Store> => {
  const connections = openConnections({ url, logger })
  const channel = await migrate(connections)
  const id = randomUUID()

  const journalGrew = createNotices<RunKey>({ logger })
  const taskChanged = createNotices<{ readonly id: string; readonly agent: AgentKey }>({ logger })
  const policyChanged = createNotices<AgentKey>({ logger })
  const delivered = createNotices<EventName | undefined>({ logger })
  const ended = createNotices<undefined>({ logger })
  const outboxChanged = createNotices<undefined>({ logger })

  const dispatch = (notice: Notice): void => {
    switch (notice.type) {
      case 'journal':
        return journalGrew.publish(notice.run)
      case 'available':
        return waiters.wake(notice.agent)
      case 'task':
        taskChanged.publish({ id: notice.id, agent: notice.agent })
        return sweeper.arm()
      case 'policy':
        return policyChanged.publish(notice.agent)
      case 'delivery':
        return delivered.publish(notice.about)
      case 'end':
        return ended.publish(undefined)
      case 'outbox':
        return outboxChanged.publish(undefined)
    }
  }

  const inside = createTransactions({ connections, clock, channel, id, dispatch })
  const waiters = createLeaseWaiters({ transactions: inside, clock, logger })
  const sweeper = createSweeper({ transactions: inside, clock, logger })
  const listener = await startListener({
    connections,
    channel,
    id,
    clock,
    logger,
    hear: dispatch,
    catchUp: async (since) => {
      for (const notice of await inside.read(() => lookAgain({ since }))) dispatch(notice)
      waiters.wake()
      sweeper.arm()
    },
  })
  sweeper.arm()

  const gate = createGate(inside)
  const { read, write } = gate
  const appendToRun = appendTogether({
    keyOf: ({ run }: JournalAppend) => run.uid,
    append: (requests) =>
      inside.write(function* (transaction) {
        const [{ run }] = requests as readonly [JournalAppend]
        return slices(requests, yield* appendRecords(transaction, { run, ...joined(requests) }))
      }),
  })
  const appendOfOwner = appendTogether({
    keyOf: ({ task, fence }: OwnerAppend) => `${fence} ${task}`,
    append: (requests) =>
      inside.write(function* (transaction) {
        const [{ task, fence }] = requests as readonly [OwnerAppend]
        const { records, standing } = yield* appendAsOwner(transaction, { task, fence, ...joined(requests) })
        return slices(requests, records).map((own) => ({ records: own, standing }))
      }),
  })
  let closing: Promise<void> | undefined

  return {
    journal: {
      append: (request) => gate.pass(() => appendToRun(request)),
      read: async (request) => {
        await sweeper.settled()
        return read(() => readRecords(request))
      },
      content: (sha256, reader) => read(() => readContent(sha256, reader)),
      find: (request) => read(() => findRun(request)),
      unfinished: () => read(unfinishedRuns),
      runs: (request) => read(() => runsPage(request)),
      forget: ({ runs }) => write(() => forgetRuns(runs)),
      // The run's row is held, so that it is not judged between two records of one append.
      verify: ({ run }) => write(() => verifyJournal(run)),
      subscribe: journalGrew.subscribe,
    },

    tasks: {
      submit: (request) =>
        write(function* (transaction) {
          const added = yield* submitTask(transaction, request)
          if (added) transaction.publish({ type: 'available', agent: request.task.agent })
        }),
      lease: (request) => waiters.lease(request),
      heartbeat: (request) => write((transaction) => heartbeatTask(transaction, request)),
      append: (request) => gate.pass(() => appendOfOwner(request)),
      reserve: (request) => write((transaction) => reserveAsOwner(transaction, request)),
      finish: (request) => write((transaction) => finishTask(transaction, request)),
      release: (proof) =>
        write(function* (transaction) {
          const agent = yield* releaseTask(transaction, proof)
          transaction.publish({ type: 'available', agent })
        }),
      cancel: (request) =>
        write(function* (transaction) {
          const told = yield* cancelTasks(transaction, request)
          for (const task of told) transaction.publish({ type: 'task', ...task })
        }),
      find: async (task) => {
        await sweeper.settled()
        const row = await read(() => readTask(task))
        return row === undefined ? undefined : { task: taskOf(row), state: row.state }
      },
      depth: (agent) => read(() => queueDepth({ agent, now: clock.now() })),
      depths: () => read(() => queueDepths({ now: clock.now() })),
      subscribe: taskChanged.subscribe,
    },

    policies: createPolicyTable({ transactions: gate, changed: policyChanged }),

    spend: {
      reserve: (request) => write((transaction) => reserveSpend(transaction, request)),
      settle: ({ key, tokens }) => write(() => settleSpend({ key, settlement: { type: 'used', tokens } })),
      spentToday: (agent) => read(() => readSpend({ day: dayOf(clock.now()), agent })),
    },

    inbox: {
      accept: (entry) =>
        write(function* (transaction) {
          const { namespace, event } = entry
          transaction.publish({ type: 'delivery', about: { namespace, event } })
          return yield* acceptDelivery(transaction, entry)
        }),
      pending: (request) => read(() => pendingRuns(request)),
      owing: () => read(owingEvents),
      settle: (request) =>
        write((transaction) => {
          const { namespace, event } = request
          transaction.publish({ type: 'delivery', about: { namespace, event } })
          return settleRun(request)
        }),
      fate: (request) => read(() => runFate(request)),
      count: (request) => read(() => countDeliveries(request)),
      recent: (request) => read(() => recentDeliveries(request)),
      prune: (request) => write(() => pruneDeliveries(request)),
      subscribe: delivered.subscribe,
    },

    ends: {
      add: (end) => write((transaction) => addRunEnd(transaction, end)),
      pending: () => read(pendingRunEnds),
      settle: (request) => write(() => settleRunEnd(request)),
      subscribe: (listener) => ended.subscribe(() => listener()),
    },

    outbox: {
      add: (messages) => write((transaction) => addMessages(transaction, messages)),
      claim: (request) => write((transaction) => claimMessages(transaction, request)),
      settle: (message, outcome) => write((transaction) => settleMessage(transaction, message, outcome)),
      nextDueAt: () => read(nextMessageDueAt),
      lastSentAt: (place) => read(() => lastSentAt(place)),
      summary: (request) => read(() => summarizeOutbox(request)),
      revive: (request) => write((transaction) => reviveMessages(transaction, request)),
      prune: (request) => write(() => pruneOutbox(request)),
      thread: (key) => read(() => readThread(key)),
      putThread: (key, place) => write(() => putThread(key, place)),
      subscribe: (listener) => outboxChanged.subscribe(() => listener()),
    },

    close: () =>
      (closing ??= (async () => {
        await Promise.all([gate.close(), waiters.close(), sweeper.close()])
        await listener.close()
        await connections.close()
      })()),
  }
}

const joined = (requests: readonly OwnerOrJournal[]) => ({
  records: requests.flatMap(({ records }) => records),
  contents: requests.flatMap(({ contents = [] }) => contents),
})

type OwnerOrJournal = Pick<JournalAppend, 'records' | 'contents'>

/** Gives each request its own part of what was stored for all of them. */
const slices = <T>(
  requests: readonly { readonly records: readonly unknown[] }[],
  stored: readonly T[],
): readonly (readonly T[])[] => {
  let start = 0
  return requests.map(({ records }) => stored.slice(start, (start += records.length)))
}
