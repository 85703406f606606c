// An operator of the simulation: the real caches, run controller and inbox controller on simulated connections.

import { openCaches } from '../../src/operator/caches.ts'
import type { OperatorContext } from '../../src/operator/context.ts'
import { createInboxController } from '../../src/operator/controllers/inbox.ts'
import { createRunController } from '../../src/operator/controllers/run.ts'
import type { Store } from '../../src/ports/store.ts'
import { linkedResources } from './api-link.ts'
import { loggerOf } from './logger.ts'
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'

/** Resolves when its controllers work; rejects where the process would end. */
export const startSimulatedOperator = async ({
  world,
  process,
  store,
}: {
  readonly world: World
  readonly process: SimulatedProcess
  readonly store: Store
}): Promise<void> => {
  const resources = world.mutant.resources({ resources: linkedResources({ world, process }) })
  const clock = world.mutant.operatorClock({ clock: process.clock })
  const random = world.random.next
  const logger = loggerOf(world, process)
  const caches = openCaches({ resources, clock, random, logger })
  const context: OperatorContext = {
    resources,
    store,
    caches,
    events: { record: () => undefined, close: () => Promise.resolve() },
    clock,
    random,
    logger,
    workload: { agentImage: 'image', agentArgs: [], hubUrl: 'http://hub' },
    webhookBaseUrl: 'http://hub',
    salt: 'salt of the simulation',
  }
  const runs = createRunController(context)
  const inbox = createInboxController(context)
  caches.start()
  await caches.synced
  inbox.start()
  await runs.start()
}
