// The inbox: accepted events, durable before they are answered. The row drives the creation of the run; its name
// comes from the delivery id, so that a redelivery answers with the same name and starts nothing.

import type { PromisedRun } from '../domain/trigger/runs-of-delivery.ts'
import type { Drop, DropReason, StormLimits, Subject } from '../domain/trigger/weigh.ts'

export interface EventName {
  readonly namespace: string
  readonly event: string
}

/** One event resource: a later one of the same name has deliveries and counts of its own. */
export interface EventKey extends EventName {
  readonly uid: string
}

export interface InboxEntry extends EventKey {
  /** Unique per event resource: the sender's delivery id, or a hash of the body where it sends none. */
  readonly delivery: string
  readonly receivedAt: string
  /** Runs to create, one per target, each with its rendered input. Empty where it starts nothing. */
  readonly runs: readonly PromisedRun[]
  readonly subject?: Subject
  /** What earlier firings of the same subject may forbid. */
  readonly storm?: StormLimits
  /** Why it starts nothing. */
  readonly dropped?: Drop
}

/** A run that was accepted and is not settled. */
export interface OwedRun {
  readonly entry: InboxEntry
  readonly run: string
}

export type RunFate =
  { readonly type: 'owed' | 'created' } | { readonly type: 'refused'; readonly message: string }

export interface EventCounts {
  /** Deliveries that started something, and the latest of them. */
  readonly fired: number
  readonly lastFiredAt?: string
  readonly lastRun?: string
  /** Deliveries, or runs of them, that were accepted and came to nothing. */
  readonly dropped: readonly {
    readonly reason: DropReason
    readonly count: number
    readonly lastAt: string
    readonly lastMessage: string
  }[]
  /** Runs that are still owed, and since when the oldest is. */
  readonly waiting: number
  readonly waitingSince?: string
  /** The latest delivery of all. */
  readonly lastReceivedAt?: string
}

export interface Inbox {
  /**
   * Stores the entry, or returns the one already stored for that delivery. An entry with a subject is weighed first,
   * and stored as dropped where that says so. Durable when it resolves.
   */
  accept(entry: InboxEntry): Promise<{ readonly entry: InboxEntry; readonly duplicate: boolean }>
  /** Runs that were accepted and not yet marked created, oldest first: of one event, and after one of them. */
  pending(request?: {
    readonly event?: EventName
    readonly after?: OwedRun
    readonly limit?: number
  }): Promise<readonly OwedRun[]>
  /** The events that owe runs. */
  owing(): Promise<readonly EventName[]>
  /** Marks one run of an entry as created (or as refused for good, with the reason). */
  settle(
    request: EventKey & {
      readonly delivery: string
      readonly run: string
      readonly refused?: { readonly reason: DropReason; readonly message: string }
    },
  ): Promise<void>
  /** What has become of a promised run; undefined where there is no such promise. */
  fate(request: EventKey & { readonly delivery: string; readonly run: string }): Promise<RunFate | undefined>
  /** Firings so far, for the event's status. */
  count(request: EventKey): Promise<EventCounts>
  /** The latest deliveries, newest first. */
  recent(request: EventKey & { readonly limit: number }): Promise<readonly InboxEntry[]>
  /** Forgets settled deliveries from before `before` (RFC 3339), at most so many; resolves to how many. */
  prune(request: { readonly before: string; readonly limit: number }): Promise<number>
  /** Hears of every delivery and every settled run, sometimes more often, without the event where anything may be new. */
  subscribe(listener: (event?: EventName) => void): () => void
}
