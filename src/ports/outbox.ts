// The outbox: what has to be told to people, one row a fact and channel. It is written before anything is sent and
// answers for it until the other side took it, or until it was given up, which is told too. Delivery is at least once;
// the row's identity travels along where the other side can use it.

import type { NotifyFact } from '../domain/notify/notify-fact.ts'

/** One channel of one SwarmNotify. */
export interface OutboxPlace {
  readonly namespace: string
  readonly notify: string
  /** Index of the channel. */
  readonly channel: number
}

export interface OutboxMessage extends OutboxPlace {
  /** Messages of a group share a rate limit. */
  readonly group: string
  readonly fact: NotifyFact
}

export interface ClaimedMessage extends OutboxMessage {
  /** Of this try, from 1. Only the holder of the latest try may settle it. */
  readonly attempt: number
  readonly createdAt: number
}

export type OutboxOutcome =
  | { readonly type: 'sent' }
  /** Another try, at that time. */
  | { readonly type: 'retry'; readonly at: number; readonly error: string }
  /** Not tried at all: it is not its turn yet. */
  | { readonly type: 'wait'; readonly until: number }
  /** Given up. */
  | { readonly type: 'dead'; readonly error: string }

export interface OutboxSummary {
  readonly sent: number
  readonly waiting: number
  readonly dead: number
  /** The latest try of each channel that had one. */
  readonly last: readonly {
    readonly channel: number
    readonly event: string
    /** Milliseconds since the epoch. */
    readonly at: number
    readonly error?: string
  }[]
}

/** Where the messages of a thread go. */
export interface ThreadPlace {
  readonly channelId: string
  readonly ts: string
  readonly at: number
}

export interface ThreadKey {
  readonly namespace: string
  readonly notify: string
  /** The channel at the other side: another one has other threads. */
  readonly place: string
  readonly thread: string
}

export interface Outbox {
  /** Adds those that were never added; resolves to how many when they are durable. */
  add(messages: readonly OutboxMessage[]): Promise<number>
  /** Takes messages that are due, oldest first; another may take them after `leaseMs` if they are not settled by then. */
  claim(request: { readonly limit: number; readonly leaseMs: number }): Promise<readonly ClaimedMessage[]>
  /** Says what came of a try. Ignored when somebody else has taken the message meanwhile. */
  settle(message: ClaimedMessage, outcome: OutboxOutcome): Promise<void>
  /** When the next message is due, in milliseconds since the epoch. */
  nextDueAt(): Promise<number | undefined>
  /** When the latest message of the group was sent. */
  lastSentAt(place: OutboxPlace & { readonly group: string }): Promise<number | undefined>
  summary(request: { readonly namespace: string; readonly notify: string }): Promise<OutboxSummary>
  /** Gives dead messages of a SwarmNotify another life. */
  revive(request: { readonly namespace: string; readonly notify: string }): Promise<number>
  /** Forgets what was sent before that time. */
  prune(request: { readonly before: number }): Promise<void>
  thread(key: ThreadKey): Promise<ThreadPlace | undefined>
  putThread(key: ThreadKey, place: ThreadPlace): Promise<void>
  /** Calls `listener` after new messages. Returns the way to stop. */
  subscribe(listener: () => void): () => void
}
