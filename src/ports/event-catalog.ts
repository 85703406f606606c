// The webhook events that exist, as the inbox must know them to answer a delivery. Filled by the operator's event
// controller; the inbox only looks up.

import type { SwarmEventTarget } from '../api/v1alpha1/index.ts'

export interface WebhookEvent {
  readonly uid: string
  /** What a sender must show as bearer token. */
  readonly token: string
  readonly targets: readonly SwarmEventTarget[]
  readonly suspended: boolean
}

export interface EventCatalog {
  find(event: { readonly namespace: string; readonly event: string }): Promise<WebhookEvent | undefined>
}
