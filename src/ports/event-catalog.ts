// The webhook events that exist, as the inbox must know them to answer a delivery. Filled by the operator's event
// controller; the inbox only looks up.

import type { WebhookRules } from '../domain/trigger/decide-delivery.ts'

export interface WebhookEvent extends WebhookRules {
  /** Any of them proves a sender: the one in force, and the one before while senders change over. */
  readonly secrets: readonly string[]
  readonly suspended: boolean
}

/** How a run ended, as its status says. */
export interface RunEnding {
  readonly phase: 'Succeeded' | 'Failed' | 'Cancelled'
  readonly reason: string
  readonly message: string
}

export interface EventCatalog {
  /** Resolves when the run is over, also where it never began; undefined when `signal` aborts. */
  ended(
    run: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<RunEnding | undefined>
  find(event: { readonly namespace: string; readonly event: string }): Promise<WebhookEvent | undefined>
}
