// The inbox: accepted events, durable before they are answered. The row drives the creation of the run; its name
// comes from the delivery id, so that a redelivery answers with the same name and starts nothing.

import type { PromisedRun } from '../domain/trigger/runs-of-delivery.ts'

export interface InboxEntry {
  /** Unique per event resource: the sender's delivery id, or a hash of the body where it sends none. */
  readonly delivery: string
  readonly namespace: string
  readonly event: string
  readonly receivedAt: string
  /** Runs to create, one per target, each with its rendered input. */
  readonly runs: readonly PromisedRun[]
}

export interface Inbox {
  /** Stores the entry, or returns the one already stored for that delivery. Durable when it resolves. */
  accept(entry: InboxEntry): Promise<{ readonly entry: InboxEntry; readonly duplicate: boolean }>
  /** Runs that were accepted and not yet marked created, oldest first. */
  pending(): Promise<readonly { readonly entry: InboxEntry; readonly run: string }[]>
  /** Marks one run of an entry as created (or as refused for good, with the reason). */
  settle(request: {
    readonly namespace: string
    readonly event: string
    readonly delivery: string
    readonly run: string
    readonly refused?: string
  }): Promise<void>
  /** Firings so far, for the event's status. */
  count(request: {
    readonly namespace: string
    readonly event: string
  }): Promise<{ readonly fired: number; readonly lastFiredAt?: string }>
  subscribe(listener: () => void): () => void
}
