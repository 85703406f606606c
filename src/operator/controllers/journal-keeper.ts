// Keeps the store from growing without end: the journal of a run whose resource is gone is forgotten after a while.
// Where the history limits of a team remove a run, its journal goes with it (`team.ts`).

import type { OperatorContext } from '../context.ts'
import { createController, type Again, type Controller } from '../reconcile/controller.ts'

export const KEPT_WITHOUT_RESOURCE_MS = 7 * 86_400_000
const LOOK_EVERY_MS = 3_600_000
const RUNS_AT_ONCE = 100
const onlyKey = 'journals'

export const createJournalKeeper = ({
  store,
  caches,
  clock,
  random,
  logger,
}: OperatorContext): Controller => {
  const reconcile = async (): Promise<Again> => {
    const endedBefore = new Date(clock.now() - KEPT_WITHOUT_RESOURCE_MS).toISOString()
    let before: { readonly startedAt: string; readonly uid: string } | undefined
    for (;;) {
      const page = await store.journal.runs({
        limit: RUNS_AT_ONCE,
        ...(before === undefined ? {} : { before }),
      })
      const forgotten = page.filter(
        (run) =>
          run.finishedAt !== undefined &&
          run.finishedAt < endedBefore &&
          caches.runs.get(run)?.metadata.uid !== run.uid,
      )
      if (forgotten.length > 0) await store.journal.forget({ runs: forgotten.map(({ uid }) => uid) })
      before = page.at(-1)
      if (before === undefined || page.length < RUNS_AT_ONCE) return { afterMs: LOOK_EVERY_MS }
    }
  }
  const controller = createController({ name: 'journal', reconcile, clock, random, logger, workers: 1 })
  return {
    ...controller,
    start() {
      controller.start()
      controller.queue.add(onlyKey)
    },
  }
}
