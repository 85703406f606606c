// A controller: workers that take keys from a queue and reconcile them. Whether and when a key comes back after a
// failure is decided here and by the error alone.

import { isKubeswarmError } from '../../domain/error.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import { KubernetesApiError } from '../../ports/resources.ts'
import { createWorkQueue, type WorkQueue } from './work-queue.ts'

export interface Controller {
  readonly queue: WorkQueue
  /** Lets the workers begin; keys may be added before. */
  start(): void
  /** Waits for the work in hand. */
  close(): Promise<void>
}

export interface Again {
  readonly afterMs: number
}

export const createController = ({
  name,
  reconcile,
  clock,
  random,
  logger,
  workers = 4,
}: {
  readonly name: string
  /** Brings one object up to date. Returns when to look again without being asked, if ever. */
  readonly reconcile: (key: string) => Promise<Again | undefined>
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  readonly workers?: number
}): Controller => {
  const queue = createWorkQueue({ clock, random })

  const work = async (): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      try {
        const again = await reconcile(key)
        queue.forget(key)
        if (again !== undefined) queue.addAfter(key, again.afterMs)
      } catch (error) {
        retry(key, error)
      } finally {
        queue.done(key)
      }
    }
  }

  const retry = (key: string, error: unknown): void => {
    // Changed or gone meanwhile: that only says that our view was old; the news is on its way.
    if (error instanceof KubernetesApiError && (error.status === 409 || error.status === 404)) {
      logger.debug({ controller: name, key, err: error }, 'the view was old, trying again')
      return queue.addRateLimited(key)
    }
    if (isGoing(error)) {
      logger.debug({ controller: name, key, err: error }, 'namespace is going, nothing to do')
      return queue.forget(key)
    }
    logger.error({ controller: name, key, err: error }, 'reconcile failed')
    // What cannot succeed by repetition waits for the next change of the object.
    if (isKubeswarmError(error) && !error.retryable && error.code !== 'Internal') return
    const wish =
      error instanceof KubernetesApiError || isKubeswarmError(error) ? error.retryAfterMs : undefined
    queue.addRateLimited(key, wish)
  }

  let running: readonly Promise<void>[] = []
  return {
    queue,
    start() {
      running = Array.from({ length: workers }, () => work())
    },
    async close() {
      await queue.drain()
      await Promise.all(running)
    },
  }
}

/**
 * A namespace that is being deleted takes nothing new, and refuses until it is gone; the deletion of the object itself
 * is the next thing to be told.
 */
const isGoing = (error: unknown): boolean =>
  error instanceof KubernetesApiError && error.status === 403 && error.message.includes('being terminated')
