// From accepted deliveries to runs. The inbox row is the promise, the run's name its key: creating it twice is a
// conflict that means "done", so an operator that dies between the two leaves nothing out and starts nothing twice.
// Each event has its own queue: one that must wait holds up no other.

import { isOver } from '../../domain/run/is-over.ts'
import { decideStarts, startRules } from '../../domain/trigger/decide-starts.ts'
import type { EventRun } from '../../domain/trigger/make-way.ts'
import type { OwedRun } from '../../ports/inbox.ts'
import type { OperatorContext } from '../context.ts'
import { createController, type Again, type Controller } from '../reconcile/controller.ts'
import { keyOf, splitKey } from '../reconcile/indexed-cache.ts'
import { createBatch } from './batch.ts'
import { promisedRun } from './event-run.ts'
import { settleOwed } from './settle-owed.ts'
import { createUnfinishedRuns } from './unfinished-runs.ts'

/** Owed runs that are read at a time. */
const PAGE = 100
/** Runs that are created at a time. */
const AT_ONCE = 8

const pruneKey = 'prune'
const everywhereKey = 'everywhere'
const PRUNE_EVERY_MS = 3_600_000
const KEPT_MS = 7 * 24 * 3_600_000
const PRUNE_BATCH = 1000

interface EventName {
  readonly namespace: string
  readonly name: string
}

export const createInboxController = (context: OperatorContext): Controller => {
  const { store, caches, clock, random, logger, events } = context
  const running = createUnfinishedRuns({ runs: caches.runs, clock })
  /** Events with runs that wait for others to end. */
  const waiting = new Set<string>()
  /** Of these, those that have no place free: only an end of a run changes that, another delivery does not. */
  const full = new Set<string>()

  const reconcile = async (key: string): Promise<Again | undefined> => {
    if (key === pruneKey) return prune()
    if (key === everywhereKey) return lookEverywhere()
    const event = splitKey(key)
    // Before anything is read: a run that ends meanwhile must not go unnoticed.
    const waitedBefore = waiting.has(key)
    waiting.add(key)
    full.delete(key)
    const { waits, isFull, throwFirst } = await startOwed(event)
    if (isFull) full.add(key)
    if (waits === undefined) waiting.delete(key)
    else if (!waitedBefore) announceWait(event, waits)
    throwFirst()
    return undefined
  }

  /** Starts what may start, page by page, until nothing can any more. */
  const startOwed = async (
    event: EventName,
  ): Promise<{
    /** Why some are left. */
    readonly waits: string | undefined
    readonly isFull: boolean
    readonly throwFirst: () => void
  }> => {
    const rules = startRules(caches.events.get(event))
    const batch = createBatch({ atOnce: AT_ONCE })
    let unfinished: readonly EventRun[] | undefined
    let waits: string | undefined
    let after: OwedRun | undefined
    for (;;) {
      const page = await store.inbox.pending({
        event: { namespace: event.namespace, event: event.name },
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      })
      after = page.at(-1)
      if (after === undefined) break
      const decided = decideStarts({
        waiting: page.map((owed) => ({ name: owed.run, run: promisedRun(owed) })),
        unfinished: unfinished ?? running.of(event),
        rules,
      })
      unfinished = decided.unfinished
      for (const [index, owed] of page.entries()) {
        const start = decided.starts[index]
        if (start === undefined) continue
        if (start.type === 'wait' || start.type === 'replace') waits ??= `${owed.run} waits: ${start.message}`
        await batch.add(async () => {
          const run = promisedRun(owed)
          if ((await settleOwed({ context, owed, start })) && run !== undefined) running.created(event, run)
        })
      }
      if (page.length < PAGE) break
      // Behind the last free place nothing can start.
      if (unfinished.length >= rules.maxUnfinished) {
        waits ??= `more runs wait: ${unfinished.length} have not ended (maxUnfinished: ${rules.maxUnfinished})`
        break
      }
    }
    await batch.settled()
    const isFull = waits !== undefined && (unfinished?.length ?? 0) >= rules.maxUnfinished
    return { waits, isFull, throwFirst: () => batch.throwFirst() }
  }

  const announceWait = (name: EventName, message: string) => {
    const about = caches.events.get(name)
    if (about !== undefined) events.record({ about, type: 'Normal', reason: 'PipelineWaiting', message })
  }

  /** Deliveries are remembered for a week, so that a replay of one starts nothing. */
  const prune = async (): Promise<Again> => {
    const before = new Date(clock.now() - KEPT_MS).toISOString()
    while ((await store.inbox.prune({ before, limit: PRUNE_BATCH })) === PRUNE_BATCH) continue
    return { afterMs: PRUNE_EVERY_MS }
  }

  const controller = createController({ name: 'inbox', reconcile, clock, random, logger, workers: 4 })
  const lookEverywhere = async (): Promise<undefined> => {
    for (const { namespace, event } of await store.inbox.owing())
      controller.queue.add(keyOf({ namespace, name: event }))
    return undefined
  }
  const stops = [
    store.inbox.subscribe((about) => {
      const key =
        about === undefined ? everywhereKey : keyOf({ namespace: about.namespace, name: about.event })
      if (!full.has(key)) controller.queue.add(key)
    }),
    caches.runs.subscribe(({ before, after }) => {
      // A run that ends makes room.
      if (before === undefined || isOver(before) || (after !== undefined && !isOver(after))) return
      for (const key of waiting)
        if (splitKey(key).namespace === before.metadata.namespace) controller.queue.add(key)
    }),
    caches.events.subscribe(({ before, after }) => {
      const key = keyOf((after ?? before)?.metadata ?? { name: '' })
      // Other limits may let it on.
      if (waiting.has(key) && before?.metadata.generation !== after?.metadata.generation)
        controller.queue.add(key)
    }),
  ]
  return {
    ...controller,
    start() {
      controller.start()
      controller.queue.add(everywhereKey)
      controller.queue.add(pruneKey)
    },
    close: () => {
      for (const stop of stops) stop()
      running.close()
      return controller.close()
    },
  }
}
