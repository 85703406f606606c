// The webhook events of a cluster, for a hub in a process of its own: the same view that an operator has, without its
// work.

import type { EventCatalog } from '../ports/event-catalog.ts'
import { openCaches } from './caches.ts'
import type { OperatorContext } from './context.ts'
import { createEventController } from './controllers/event.ts'

interface OpenCatalog extends EventCatalog {
  /** Resolves when every event of the cluster is known. */
  readonly synced: Promise<void>
  close(): Promise<void>
}

export const openEventCatalog = (
  given: Pick<OperatorContext, 'resources' | 'store' | 'clock' | 'random' | 'logger' | 'webhookBaseUrl'>,
): OpenCatalog => {
  const caches = openCaches(given)
  const { catalog, close } = createEventController({
    ...given,
    caches,
    events: { record: () => undefined, close: () => Promise.resolve() },
    workload: { agentImage: '', agentArgs: [], hubUrl: '' },
    salt: '',
  })
  caches.start()
  return {
    ...catalog,
    synced: caches.synced,
    async close() {
      await close()
      await caches.close()
    },
  }
}
