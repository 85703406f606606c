// The frame of a controller: changes become keys, keys become serial turns of `reconcile`, failures come back later.

import { isConflict, isNamespaceTerminating, isNotFound } from '../client/api-error.ts'
import type { Logger } from '../client/logger.ts'
import { createWorkQueue, type WorkQueue } from '../client/work-queue.ts'
import type { Controller } from './controller-context.ts'

export function startReconciler({
  name,
  logger,
  reconcile,
  watch,
}: {
  readonly name: string
  readonly logger: Logger
  readonly reconcile: (key: string, queue: WorkQueue) => Promise<void>
  /** Subscribes to what may make a key worth a turn; returns the ways to stop. */
  readonly watch: (queue: WorkQueue) => readonly (() => void)[]
}): Controller {
  const queue = createWorkQueue({
    name,
    logger,
    isQuietFailure: (error) => isConflict(error) || isNotFound(error),
    async work(key) {
      try {
        await reconcile(key, queue)
      } catch (error) {
        // The owner is on its way out with its namespace; its deletion brings the next turn, if any.
        if (!isNamespaceTerminating(error)) throw error
      }
    },
  })
  const stops = watch(queue)
  return {
    async close() {
      for (const stop of stops) stop()
      await queue.close()
    },
  }
}
