/**
 * What watchers may still ask for: the newest events, bounded over all buckets by their number and by their size, so that
 * neither many small changes nor a few large ones make the server grow.
 */
import type { JsonObject } from '../json.ts'
import type { Key } from './key.ts'

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly key: Key
  readonly revision: number
  /** For DELETED the last state, carrying the revision of the deletion. */
  readonly object: JsonObject
  /** `object` as JSON. */
  readonly text: string
  readonly previous: JsonObject | undefined
}

export class HistoryExpired extends Error {
  readonly requested: number
  readonly oldest: number
  constructor(requested: number, oldest: number) {
    super(`too old resource version: ${requested} (${oldest})`)
    this.name = 'HistoryExpired'
    this.requested = requested
    this.oldest = oldest
  }
}

export interface HistoryLimits {
  readonly events: number
  /** Characters of JSON. */
  readonly size: number
}

interface Remembered {
  readonly events: StoreEvent[]
  /** The newest revision of this bucket that has fallen out. */
  forgotten: number
}

export class History {
  readonly #limits: HistoryLimits
  readonly #buckets = new Map<string, Remembered>()
  /** Of every event in order: what it weighs. */
  #weights: { readonly revision: number; readonly size: number }[] = []
  #size = 0
  #beginning: number

  /** Nothing is known of what happened up to `beginning`. */
  constructor({ beginning, limits }: { beginning: number; limits: HistoryLimits }) {
    this.#beginning = beginning
    this.#limits = limits
  }

  append(event: StoreEvent): void {
    this.#remembered(event.key.bucket).events.push(event)
    this.#weights.push({ revision: event.revision, size: event.text.length })
    this.#size += event.text.length
    // Forgetting in larger steps keeps the cost of an event constant.
    if (this.#weights.length > this.#limits.events * 1.25 || this.#size > this.#limits.size * 1.25)
      this.#forgetOldest()
  }

  /** The first event of a bucket after a revision. Throws `HistoryExpired` when that may be forgotten. */
  next({ bucket, since }: { bucket: string; since: number }): StoreEvent | undefined {
    const oldest = this.#forgottenOf(bucket)
    if (since < oldest) throw new HistoryExpired(since, oldest)
    const events = this.#buckets.get(bucket)?.events
    return events?.[firstAfter(events, since)]
  }

  /** Whether events of the bucket after a revision are forgotten. */
  isExpired({ bucket, since }: { bucket: string; since: number }): boolean {
    return since < this.#forgottenOf(bucket)
  }

  /** Forgets everything up to `revision`, as a compaction does. */
  forget(revision: number): void {
    this.#beginning = revision
    this.#buckets.clear()
    this.#weights = []
    this.#size = 0
  }

  #forgottenOf(bucket: string): number {
    return Math.max(this.#beginning, this.#buckets.get(bucket)?.forgotten ?? 0)
  }

  #remembered(bucket: string): Remembered {
    let found = this.#buckets.get(bucket)
    if (found === undefined) {
      found = { events: [], forgotten: 0 }
      this.#buckets.set(bucket, found)
    }
    return found
  }

  #forgetOldest(): void {
    let dropped = 0
    while (
      this.#weights.length - dropped > this.#limits.events ||
      (this.#size > this.#limits.size && dropped < this.#weights.length)
    ) {
      this.#size -= this.#weights[dropped]?.size ?? 0
      dropped += 1
    }
    const revision = this.#weights[dropped - 1]?.revision ?? 0
    this.#weights = this.#weights.slice(dropped)
    for (const bucket of this.#buckets.values()) {
      const gone = firstAfter(bucket.events, revision)
      if (gone === 0) continue
      bucket.forgotten = bucket.events[gone - 1]?.revision ?? bucket.forgotten
      bucket.events.splice(0, gone)
    }
  }
}

function firstAfter(events: readonly StoreEvent[], revision: number): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((events[middle]?.revision ?? 0) <= revision) low = middle + 1
    else high = middle
  }
  return low
}
