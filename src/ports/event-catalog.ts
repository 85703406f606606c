// The webhook events that exist, as the inbox must know them to answer a delivery. Filled by the operator's event
// controller; the inbox only looks up.

export interface WebhookTarget {
  readonly team?: string
  readonly agent?: string
  /** Template of the agent's task. */
  readonly prompt?: string
  /** Templates by input name. */
  readonly input?: Readonly<Record<string, string>>
}

export interface WebhookEvent {
  readonly uid: string
  /** What a sender must show as bearer token. */
  readonly token: string
  readonly targets: readonly WebhookTarget[]
  readonly suspended: boolean
}

export interface EventCatalog {
  find(event: { readonly namespace: string; readonly event: string }): Promise<WebhookEvent | undefined>
}
