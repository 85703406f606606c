// Keeps the history of what events started to a size: runs of agents, because those of a team are the team's
// (`team.ts`). What a person created bears no event's label and stays. The journal of a run that goes is kept for a
// while longer (`journal-keeper.ts`).

import { swarmRuns } from '../../api/v1alpha1/index.ts'
import { byEvent } from '../caches.ts'
import type { OperatorContext } from '../context.ts'
import { createController, type Controller } from '../reconcile/controller.ts'
import { createBatch } from './batch.ts'
import { eventOfRun } from './event-run.ts'
import { defaultHistory, expiredRuns } from '../../domain/run/run-history.ts'

const AT_ONCE = 8
/** Runs that end together go together. */
const GATHER_MS = 1000

export const createEventHistory = ({
  resources,
  caches,
  clock,
  random,
  logger,
}: OperatorContext): Controller => {
  const reconcile = async (event: string): Promise<undefined> => {
    const runs = caches.runs.by(byEvent, event).filter(({ spec }) => spec.teamRef === undefined)
    const { expired } = expiredRuns({ limits: defaultHistory, runs, now: clock.now() })
    const batch = createBatch({ atOnce: AT_ONCE })
    for (const { metadata } of expired) {
      if (metadata.deletionTimestamp !== undefined) continue
      const { uid } = metadata
      await batch.add(async () => {
        await resources.delete(swarmRuns, metadata, uid === undefined ? undefined : { uid })
      })
    }
    await batch.settled()
    batch.throwFirst()
    return undefined
  }
  const controller = createController({ name: 'event-history', reconcile, clock, random, logger, workers: 2 })
  caches.runs.subscribe(({ before, after }) => {
    const event = after === undefined ? undefined : eventOfRun(after)
    if (event === undefined || before?.status?.phase === after?.status?.phase) return
    controller.queue.addAfter(event, GATHER_MS)
  })
  return controller
}
