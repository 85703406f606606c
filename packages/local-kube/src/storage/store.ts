/**
 * The object store: current objects, one global revision, a bounded history for watches. A write becomes visible to
 * readers and watchers only after the log has made it durable. It knows keys and revisions, nothing of kinds.
 */
import type { JsonObject } from '../json.ts'
import { History } from './history.ts'
import type { HistoryLimits, StoreEvent } from './history.ts'
import { idOf } from './key.ts'
import type { Key } from './key.ts'
import { LoadedObject } from './loaded-object.ts'

export interface Stored {
  readonly key: Key
  readonly revision: number
  /** With `metadata.resourceVersion` set to the revision. Never changed in place. */
  readonly object: JsonObject
  /** `object` as JSON: written to disk, to watchers and into lists, and made once. */
  readonly text: string
}

/** One durable change; `text`, the object as JSON, is absent for a deletion. */
export interface LogEntry {
  readonly key: Key
  readonly revision: number
  readonly text: string | undefined
}

/** Makes entries durable before it returns; absent for a store in memory. */
export interface Log {
  load(): {
    readonly revision: number
    readonly entries: Iterable<{ readonly key: Key; readonly text: string }>
  }
  append(entries: readonly LogEntry[]): void
  close(): void
}

export class RevisionMismatch extends Error {
  constructor() {
    super('the object changed since it was read')
    this.name = 'RevisionMismatch'
  }
}

export class ObjectTooLarge extends Error {
  constructor(size: number) {
    super(`the object is too large: ${size} characters of JSON, ${LARGEST_OBJECT} are kept`)
    this.name = 'ObjectTooLarge'
  }
}

interface Pending {
  readonly entry: LogEntry
  readonly stored: Stored | undefined
  readonly resolve: (stored: Stored) => void
  readonly reject: (error: unknown) => void
}

/** As large as etcd takes. */
const LARGEST_OBJECT = 1.5 * 1024 * 1024
const HISTORY_LIMITS: HistoryLimits = { events: 20_000, size: 64 * 1024 * 1024 }

interface Bucket {
  readonly objects: Map<string, Stored>
  /** Ids in key order, rebuilt lazily after an addition or removal. */
  order: readonly string[] | undefined
  readonly listeners: Set<() => void>
}

export class Store {
  readonly #log: Log | undefined
  readonly #buckets = new Map<string, Bucket>()
  readonly #everyListener = new Set<(event: StoreEvent) => void>()
  #revision: number
  #lastProposed: number
  readonly #history: History
  #pending: Pending[] = []
  #proposed = new Map<string, Stored | 'deleted'>()
  #flushScheduled = false
  #closed = false

  constructor({ log, limits = HISTORY_LIMITS }: { log?: Log; limits?: HistoryLimits } = {}) {
    this.#log = log
    this.#revision = 1
    if (log !== undefined) {
      const { revision, entries } = log.load()
      this.#revision = Math.max(1, revision)
      for (const { key, text } of entries) {
        const stored = new LoadedObject({ key, text })
        this.#bucket(key.bucket).objects.set(idOf(key), stored)
      }
    }
    this.#lastProposed = this.#revision
    this.#history = new History({ beginning: this.#revision, limits })
  }

  get revision(): number {
    return this.#revision
  }

  get size(): number {
    let total = 0
    for (const bucket of this.#buckets.values()) total += bucket.objects.size
    return total
  }

  counts(): ReadonlyMap<string, number> {
    return new Map([...this.#buckets].map(([name, bucket]) => [name, bucket.objects.size]))
  }

  #bucket(name: string): Bucket {
    let bucket = this.#buckets.get(name)
    if (bucket === undefined) {
      bucket = { objects: new Map(), order: undefined, listeners: new Set() }
      this.#buckets.set(name, bucket)
    }
    return bucket
  }

  /** The published state. */
  get(key: Key): Stored | undefined {
    return this.#buckets.get(key.bucket)?.objects.get(idOf(key))
  }

  /** The state the next write must build on, including writes on their way to disk. */
  latest(key: Key): Stored | undefined {
    const proposed = this.#proposed.get(`${key.bucket}/${idOf(key)}`)
    if (proposed === 'deleted') return undefined
    return proposed ?? this.get(key)
  }

  list({ bucket: name, namespace }: { bucket: string; namespace?: string }): readonly Stored[] {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) return []
    bucket.order ??= [...bucket.objects.keys()].sort((a, b) => (a < b ? -1 : 1))
    const prefix = namespace === undefined ? '' : `${namespace}/`
    const result: Stored[] = []
    for (const id of bucket.order) {
      const stored = id.startsWith(prefix) ? bucket.objects.get(id) : undefined
      if (stored !== undefined) result.push(stored)
    }
    return result
  }

  /**
   * Writes `object` (or deletes, when absent) if the latest revision is still `expected` (0: must not exist).
   * Resolves once durable and published; rejects
   * with `RevisionMismatch` or `ObjectTooLarge`.
   */
  commit({
    key,
    expected,
    object,
  }: {
    key: Key
    expected: number
    object: JsonObject | undefined
  }): Promise<Stored> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'))
    const current = this.latest(key)
    if ((current?.revision ?? 0) !== expected) return Promise.reject(new RevisionMismatch())
    const revision = this.#lastProposed + 1
    const stored = object === undefined ? undefined : stamped({ key, revision, object })
    if (stored !== undefined && stored.text.length > LARGEST_OBJECT)
      return Promise.reject(new ObjectTooLarge(stored.text.length))
    this.#lastProposed = revision
    this.#proposed.set(`${key.bucket}/${idOf(key)}`, stored ?? 'deleted')
    return new Promise((resolve, reject) => {
      this.#pending.push({ entry: { key, revision, text: stored?.text }, stored, resolve, reject })
      if (this.#log === undefined) {
        this.#flush()
        return
      }
      if (this.#flushScheduled) return
      this.#flushScheduled = true
      setImmediate(() => this.#flush())
    })
  }

  #flush(): void {
    this.#flushScheduled = false
    const batch = this.#pending
    if (batch.length === 0) return
    this.#pending = []
    this.#proposed = new Map()
    try {
      this.#log?.append(batch.map(({ entry }) => entry))
    } catch (error) {
      // Nothing was published; the revisions stay unused, which keeps them monotonic.
      for (const { reject } of batch) reject(error)
      return
    }
    const touched = new Set<Bucket>()
    for (const pending of batch) {
      pending.resolve(this.#publish(pending))
      touched.add(this.#bucket(pending.entry.key.bucket))
    }
    // Once for all that came together: a watcher reads them in one go.
    for (const { listeners } of touched) for (const listener of listeners) listener()
  }

  #publish({ entry, stored }: Pending): Stored {
    const { key, revision } = entry
    const bucket = this.#bucket(key.bucket)
    const id = idOf(key)
    const previous = bucket.objects.get(id)
    this.#revision = revision
    let result: Stored
    if (stored === undefined) {
      bucket.objects.delete(id)
      bucket.order = undefined
      result = stamped({ key, revision, object: previous?.object ?? {} })
    } else {
      bucket.objects.set(id, stored)
      if (previous === undefined) bucket.order = undefined
      result = stored
    }
    const type = stored === undefined ? 'DELETED' : previous === undefined ? 'ADDED' : 'MODIFIED'
    const event: StoreEvent = { ...result, type, previous: previous?.object }
    this.#history.append(event)
    for (const listener of this.#everyListener) listener(event)
    return result
  }

  /** Forgets the history, as a compaction does: older watches expire. */
  compact(): void {
    this.#history.forget(this.#revision)
  }

  /** The first event of a bucket after a revision. Throws `HistoryExpired` when that may be forgotten. */
  next(question: { bucket: string; since: number }): StoreEvent | undefined {
    return this.#history.next(question)
  }

  isExpired(question: { bucket: string; since: number }): boolean {
    return this.#history.isExpired(question)
  }

  /** Calls `listener` whenever something was published in the bucket. Returns the way to stop. */
  follow({ bucket: name, listener }: { bucket: string; listener: () => void }): () => void {
    const { listeners } = this.#bucket(name)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  /** Follows every bucket from now on; for parts of the server that keep a view (webhooks, CRDs). */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#everyListener.add(listener)
    return () => this.#everyListener.delete(listener)
  }

  close(): void {
    if (this.#closed) return
    this.#flush()
    this.#closed = true
    this.#log?.close()
  }
}

function stamped({ key, revision, object }: { key: Key; revision: number; object: JsonObject }): Stored {
  const versioned = {
    ...object,
    metadata: { ...(object['metadata'] as JsonObject), resourceVersion: String(revision) },
  }
  return { key, revision, object: versioned, text: JSON.stringify(versioned) }
}
