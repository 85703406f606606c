// Waits for the end of a run as its status tells it: the end of a run that never began is told nowhere else.

import type { SwarmRun } from '../../api/v1alpha1/index.ts'
import type { EventCatalog, RunEnding } from '../../ports/event-catalog.ts'
import type { OperatorContext } from '../context.ts'

export const untilEnded =
  ({ caches }: Pick<OperatorContext, 'caches'>): EventCatalog['ended'] =>
  async (run, signal) => {
    const { promise, resolve } = Promise.withResolvers<RunEnding | undefined>()
    const look = (seen: SwarmRun | undefined): void => {
      const ending = seen === undefined ? undefined : endingOf(seen)
      if (ending !== undefined) resolve(ending)
    }
    const stop = caches.runs.subscribe(({ after }) => {
      if (after?.metadata.name === run.name && after.metadata.namespace === run.namespace) look(after)
    })
    const onAbort = (): void => resolve(undefined)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    look(caches.runs.get(run))
    try {
      return await promise
    } finally {
      stop()
      signal.removeEventListener('abort', onAbort)
    }
  }

const endingOf = ({ status }: SwarmRun): RunEnding | undefined => {
  const phase = status?.phase
  if (phase !== 'Succeeded' && phase !== 'Failed' && phase !== 'Cancelled') return undefined
  const verdict = status?.conditions?.find(({ type }) => type === 'Succeeded')
  return { phase, reason: verdict?.reason ?? status?.reason ?? phase, message: verdict?.message ?? '' }
}
