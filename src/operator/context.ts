// What every controller is given: the ways out (API server, store), the ways to know (caches, clock), and settings.

import type { WorkloadSettings } from '../domain/workload/agent-workload.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Resources } from '../ports/resources.ts'
import type { Store } from '../ports/store.ts'
import type { Caches } from './caches.ts'
import type { EventRecorder } from './event-recorder.ts'

export interface OperatorContext {
  readonly resources: Resources
  readonly store: Store
  readonly caches: Caches
  readonly events: EventRecorder
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly logger: Logger
  readonly workload: WorkloadSettings
  /** Where senders reach the hub's webhooks, without a trailing slash. */
  readonly webhookBaseUrl: string
  /** Of this installation; delimiters of untrusted data come from it. */
  readonly salt: string
}
