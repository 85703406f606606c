// The runs of an event that have not ended, as the cache knows them, and with them those that were created a moment
// ago and that the cache has yet to hear of. Asking the API server instead would read all runs again at the end of each.

import type { SwarmRun } from '../../api/v1alpha1/index.ts'
import { isOver } from '../../domain/run/is-over.ts'
import type { EventRun } from '../../domain/trigger/make-way.ts'
import type { Clock } from '../../ports/clock.ts'
import { byEvent } from '../caches.ts'
import { keyOf, type CacheView } from '../reconcile/indexed-cache.ts'
import { eventKeyOf, existingRun } from './event-run.ts'

interface Created {
  readonly event: string
  readonly run: EventRun
  readonly at: number
}

export interface UnfinishedRuns {
  of(event: { readonly namespace: string; readonly name: string }): readonly EventRun[]
  /** The run has just been created, or was found to be there. */
  created(event: { readonly namespace: string; readonly name: string }, run: EventRun): void
  close(): void
}

/** A watch that lags for longer has broken, and its next list brings what there is; then nothing is waited for. */
const BELIEVED_MS = 300_000

export const createUnfinishedRuns = ({
  runs,
  clock,
}: {
  readonly runs: CacheView<SwarmRun>
  readonly clock: Clock
}): UnfinishedRuns => {
  const fresh = new Map<string, Created>()
  const stop = runs.subscribe(({ before, after }) => {
    const seen = after ?? before
    if (seen !== undefined) fresh.delete(keyOf(seen.metadata))
  })
  return {
    of(event) {
      const key = eventKeyOf(event)
      const known = runs.by(byEvent, key).filter((run) => !isOver(run))
      const oldest = clock.now() - BELIEVED_MS
      const unheardOf = [...fresh].flatMap(([name, { event: of, run, at }]) => {
        if (at < oldest) fresh.delete(name)
        return at >= oldest && of === key ? [run] : []
      })
      return [...known.map(existingRun), ...unheardOf]
    },
    created({ namespace, name }, run) {
      const key = keyOf({ namespace, name: run.name })
      if (runs.get({ namespace, name: run.name }) !== undefined) return
      fresh.set(key, { event: eventKeyOf({ namespace, name }), run, at: clock.now() })
    },
    close: stop,
  }
}
