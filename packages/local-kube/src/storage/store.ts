/**
 * The object store: current objects, one global revision, a bounded history for watches. A write becomes visible to
 * readers and watchers only after the log has made it durable. It knows keys and revisions, nothing of kinds.
 */
import type { JsonObject } from '../json.ts'

export interface Key {
  /** `group/plural`; versions of one kind share it. */
  readonly bucket: string
  /** Empty for cluster-scoped objects. */
  readonly namespace: string
  readonly name: string
}

export interface Stored {
  readonly key: Key
  readonly revision: number
  /** With `metadata.resourceVersion` set to the revision. Never changed in place. */
  readonly object: JsonObject
}

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly key: Key
  readonly revision: number
  /** For DELETED the last state, carrying the revision of the deletion. */
  readonly object: JsonObject
  readonly previous: JsonObject | undefined
}

/** One durable change; `object` is absent for a deletion. */
export interface LogEntry {
  readonly key: Key
  readonly revision: number
  readonly object: JsonObject | undefined
}

/** Makes entries durable before it returns; absent for a store in memory. */
export interface Log {
  load(): {
    readonly revision: number
    readonly entries: Iterable<{ readonly key: Key; readonly object: JsonObject }>
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

interface Pending {
  readonly entry: LogEntry
  readonly stored: Stored | undefined
  readonly resolve: (stored: Stored) => void
  readonly reject: (error: unknown) => void
}

const HISTORY_LIMIT = 20_000
const idOf = (namespace: string, name: string): string => `${namespace}/${name}`

interface Bucket {
  readonly objects: Map<string, Stored>
  /** Ids in key order, rebuilt lazily after an addition or removal. */
  order: readonly string[] | undefined
  readonly listeners: Set<(event: StoreEvent) => void>
}

export class Store {
  readonly #log: Log | undefined
  readonly #buckets = new Map<string, Bucket>()
  readonly #everyListener = new Set<(event: StoreEvent) => void>()
  #revision: number
  #lastProposed: number
  #history: StoreEvent[] = []
  /** The newest revision that has fallen out of the history. */
  #forgotten: number
  #pending: Pending[] = []
  #proposed = new Map<string, Stored | 'deleted'>()
  #flushScheduled = false
  #closed = false

  constructor({ log }: { log?: Log } = {}) {
    this.#log = log
    this.#revision = 1
    if (log !== undefined) {
      const { revision, entries } = log.load()
      this.#revision = Math.max(1, revision)
      for (const { key, object } of entries) {
        const stored = {
          key,
          revision: Number((object['metadata'] as JsonObject)['resourceVersion']),
          object,
        }
        this.#bucket(key.bucket).objects.set(idOf(key.namespace, key.name), stored)
      }
    }
    this.#lastProposed = this.#revision
    this.#forgotten = this.#revision
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
    return this.#buckets.get(key.bucket)?.objects.get(idOf(key.namespace, key.name))
  }

  /** The state the next write must build on, including writes on their way to disk. */
  latest(key: Key): Stored | undefined {
    const proposed = this.#proposed.get(`${key.bucket}/${idOf(key.namespace, key.name)}`)
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
   * Resolves once durable and published.
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
    this.#lastProposed += 1
    const revision = this.#lastProposed
    const stamp = (value: JsonObject): JsonObject => ({
      ...value,
      metadata: { ...(value['metadata'] as JsonObject), resourceVersion: String(revision) },
    })
    const stored = object === undefined ? undefined : { key, revision, object: stamp(object) }
    this.#proposed.set(`${key.bucket}/${idOf(key.namespace, key.name)}`, stored ?? 'deleted')
    return new Promise((resolve, reject) => {
      this.#pending.push({ entry: { key, revision, object: stored?.object }, stored, resolve, reject })
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
    for (const pending of batch) pending.resolve(this.#publish(pending))
  }

  #publish({ entry, stored }: Pending): Stored {
    const { key, revision } = entry
    const bucket = this.#bucket(key.bucket)
    const id = idOf(key.namespace, key.name)
    const previous = bucket.objects.get(id)
    this.#revision = revision
    let result: Stored
    if (stored === undefined) {
      bucket.objects.delete(id)
      bucket.order = undefined
      const last = previous?.object ?? {}
      result = {
        key,
        revision,
        object: {
          ...last,
          metadata: { ...(last['metadata'] as JsonObject), resourceVersion: String(revision) },
        },
      }
    } else {
      bucket.objects.set(id, stored)
      if (previous === undefined) bucket.order = undefined
      result = stored
    }
    const type = stored === undefined ? 'DELETED' : previous === undefined ? 'ADDED' : 'MODIFIED'
    const event: StoreEvent = { type, key, revision, object: result.object, previous: previous?.object }
    this.#history.push(event)
    if (this.#history.length > HISTORY_LIMIT * 1.25) {
      const dropped = this.#history.splice(0, this.#history.length - HISTORY_LIMIT)
      this.#forgotten = dropped[dropped.length - 1]?.revision ?? this.#forgotten
    }
    for (const listener of bucket.listeners) listener(event)
    for (const listener of this.#everyListener) listener(event)
    return result
  }

  /** Forgets the history, as a compaction does: older watches expire. */
  compact(): void {
    this.#forgotten = this.#revision
    this.#history = []
  }

  /** Replays what happened after `since`, then follows. Throws `HistoryExpired` when that is no longer known. */
  watch({
    bucket: name,
    since,
    listener,
  }: {
    bucket: string
    since: number
    listener: (event: StoreEvent) => void
  }): () => void {
    if (since < this.#forgotten) throw new HistoryExpired(since, this.#forgotten)
    let low = 0
    let high = this.#history.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#history[middle]?.revision ?? 0) <= since) low = middle + 1
      else high = middle
    }
    for (let index = low; index < this.#history.length; index += 1) {
      const event = this.#history[index]
      if (event !== undefined && event.key.bucket === name) listener(event)
    }
    const bucket = this.#bucket(name)
    bucket.listeners.add(listener)
    return () => bucket.listeners.delete(listener)
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
