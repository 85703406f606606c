// The store as one process reaches it: over a connection on which each call can be refused, answered in vain, or cut by
// the caller's own death, and on which notices may be late or lost.

import { KubeswarmError } from '../../src/domain/error.ts'
import type { JournalRecord } from '../../src/domain/journal/record.ts'
import type { EventName } from '../../src/ports/inbox.ts'
import type { Store } from '../../src/ports/store.ts'
import type { TaskQueue } from '../../src/ports/task-queue.ts'
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'

/** How long a lost connection goes unnoticed at most. */
const longestSilenceMs = 20_000

export const linkedStore = ({
  world,
  process,
}: {
  readonly world: World
  readonly process: SimulatedProcess
}): Store => {
  const { faults, random, scheduler } = world

  const call = <T>(perform: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      if (!process.alive || world.mayDie(process)) return
      const answer = (deliver: () => void): void => {
        const ms = random.between(0.2, 4)
        scheduler.after(ms, () => void (world.mayDie(process) || deliver()), process)
      }
      scheduler.after(random.between(0.2, 4), () => {
        if (faults.strikes('storeRefuses')) return answer(() => reject(unavailable()))
        const unheard = faults.strikes('storeAnswerLost')
        perform().then(
          (value) => answer(() => (unheard ? reject(unavailable()) : resolve(value))),
          (error: unknown) => answer(() => reject(error as Error)),
        )
      })
    })

  const noticed =
    <T>(
      subscribe: (listener: (value: T) => void) => () => void,
      { mayBeLost }: { readonly mayBeLost: (value: T) => boolean },
    ) =>
    (listener: (value: T) => void): (() => void) => {
      const stop = subscribe((value) => {
        if (mayBeLost(value) && faults.strikes('noticeLost')) return
        const ms = faults.strikes('noticeLate')
          ? random.between(100, longestSilenceMs)
          : random.between(0.2, 3)
        scheduler.after(ms, () => listener(value), process)
      })
      process.onDeath(stop)
      return stop
    }

  const { journal, tasks, policies, spend, inbox, ends, outbox } = world.store
  const writtenBy = <T extends { readonly records?: readonly JournalRecord[] }>(
    { task, fence }: { readonly task: string; readonly fence: number },
    result: T,
  ): T => {
    world.wroteAs({ task, fence, records: result.records ?? [] })
    return result
  }
  const lease: TaskQueue['lease'] = async (request) => {
    const gone = new AbortController()
    const leave = (): void => gone.abort()
    const forget = process.onDeath(leave)
    request.signal?.addEventListener('abort', leave)
    const look = (waitMs: number) => tasks.lease({ ...request, waitMs, signal: gone.signal })
    try {
      if (request.waitMs <= 0 || !faults.strikes('pollDeaf')) return await look(request.waitMs)
      const first = await look(0)
      if (first !== undefined) return first
      await new Promise<void>((done) => scheduler.after(request.waitMs, done))
      return gone.signal.aborted ? undefined : await look(0)
    } finally {
      forget()
    }
  }

  return {
    journal: {
      append: (request) => call(() => journal.append(request)),
      read: (request) => call(() => journal.read(request)),
      content: (sha256, reader) => call(() => journal.content(sha256, reader)),
      find: (request) => call(() => journal.find(request)),
      unfinished: () => call(() => journal.unfinished()),
      runs: (request) => call(() => journal.runs(request)),
      verify: (request) => call(() => journal.verify(request)),
      forget: (request) => call(() => journal.forget(request)),
      // A run in hand is looked at from time to time anyway; of one that is over only its reopening is news.
      subscribe: noticed(journal.subscribe, {
        mayBeLost: ({ uid }) => process.kind === 'operator' && !world.wasReopened(uid),
      }),
    },
    tasks: {
      submit: (request) => call(() => tasks.submit(request)),
      lease: (request) => call(() => lease(request)),
      heartbeat: (request) => call(() => tasks.heartbeat(request)),
      append: (request) => call(async () => writtenBy(request, await tasks.append(request))),
      reserve: (request) => call(() => tasks.reserve(request)),
      finish: (request) => call(() => tasks.finish(request)),
      release: (request) => call(() => tasks.release(request)),
      cancel: (request) => call(() => tasks.cancel(request)),
      find: (task) => call(() => tasks.find(task)),
      depth: (agent) => call(() => tasks.depth(agent)),
      depths: () => call(() => tasks.depths()),
      subscribe: noticed(tasks.subscribe, { mayBeLost: () => true }),
    },
    policies: {
      put: (policy) => call(() => policies.put(policy)),
      get: (agent) => call(() => policies.get(agent)),
      remove: (agent) => call(() => policies.remove(agent)),
      subscribe: noticed(policies.subscribe, { mayBeLost: () => true }),
    },
    spend: {
      reserve: (request) => call(() => spend.reserve(request)),
      settle: (request) => call(() => spend.settle(request)),
      spentToday: (agent) => call(() => spend.spentToday(agent)),
    },
    inbox: {
      accept: (entry) => call(() => inbox.accept(entry)),
      pending: (request) => call(() => inbox.pending(request)),
      owing: () => call(() => inbox.owing()),
      settle: (request) => call(() => inbox.settle(request)),
      fate: (request) => call(() => inbox.fate(request)),
      count: (request) => call(() => inbox.count(request)),
      recent: (request) => call(() => inbox.recent(request)),
      prune: (request) => call(() => inbox.prune(request)),
      // Late, never lost: who was away looks again when the connection is back.
      subscribe: (listener) =>
        noticed((tell: (event: EventName | undefined) => void) => inbox.subscribe(tell), {
          mayBeLost: () => false,
        })(listener),
    },
    ends: {
      add: (end) => call(() => ends.add(end)),
      pending: () => call(() => ends.pending()),
      settle: (request) => call(() => ends.settle(request)),
      subscribe: (listener) =>
        noticed((tell: (value: undefined) => void) => ends.subscribe(() => tell(undefined)), {
          mayBeLost: () => false,
        })(() => listener()),
    },
    // Nothing is told to people in the simulation.
    outbox,
    close: () => Promise.resolve(),
  }
}

const unavailable = (): KubeswarmError =>
  new KubeswarmError({ code: 'StoreUnavailable', message: 'the connection broke', retryable: true })
