// What the hub is built from. Everything is passed in; the hub itself keeps nothing between two requests.

import type { AgentKey } from '../domain/run/task.ts'
import type { Authenticator, Caller } from '../ports/authenticator.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventCatalog } from '../ports/event-catalog.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'
import type { HubMetrics } from './metrics.ts'

export interface HubContext {
  readonly store: Store
  readonly authenticator: Authenticator
  readonly events: EventCatalog
  readonly clock: Clock
  readonly logger: Logger
  /** A fresh unguessable id: of requests, and of deliveries that bring none. */
  readonly newId: () => string
  /** Aborts when the hub shuts down: long polls and streams end. */
  readonly closing: AbortSignal
  /** How long a task stays with an owner that is not heard of. */
  readonly leaseMs: number
  readonly metrics: HubMetrics
}

/** What middleware leaves for the routes. */
export interface HubEnv {
  Variables: {
    requestId: string
    agent: AgentKey
    user: Caller
  }
}
