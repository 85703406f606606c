/**
 * One watch as a position in what happened: first the objects that existed, then the store's history, each turned into
 * what this watcher's selector makes of it. It keeps no events of its own, so a watcher costs the same however slowly it
 * reads. Knows nothing of HTTP.
 */
import { asObject } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { StoreEvent } from '../storage/history.ts'
import type { Store, Stored } from '../storage/store.ts'
import type { Resource } from './resource.ts'
import type { Predicate } from './selectors.ts'

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: JsonObject
  /** `object` as JSON, where that is known already. */
  readonly text?: string
}

export interface WatchView {
  readonly resource: Resource
  readonly namespace: string | undefined
  readonly matches: Predicate | undefined
}

export class WatchCursor {
  readonly #store: Store
  readonly #view: WatchView
  readonly #initial: readonly Stored[]
  #given = 0
  #marksEnd: boolean
  #position: number

  /** Throws `HistoryExpired` when what came after `since` is no longer known. */
  constructor({
    store,
    view,
    since,
    initialEvents,
  }: {
    readonly store: Store
    readonly view: WatchView
    /** `undefined` or 0: begin with what exists now. */
    readonly since: number | undefined
    readonly initialEvents: 'none' | 'plain' | 'marked'
  }) {
    this.#store = store
    this.#view = view
    const fromNow = since === undefined || since === 0 || initialEvents !== 'none'
    this.#position = fromNow ? store.revision : since
    this.#marksEnd = initialEvents === 'marked'
    const { namespace, resource } = view
    this.#initial =
      initialEvents === 'none'
        ? []
        : store.list({ bucket: resource.bucket, ...(namespace === undefined ? {} : { namespace }) })
    if (!fromNow) store.next({ bucket: resource.bucket, since })
  }

  /** Everything up to this revision has been read. */
  get position(): number {
    return this.#position
  }

  /** Whether only history is left to read: from then on watchers with the same view and position read the same. */
  get isPastInitial(): boolean {
    return this.#given === this.#initial.length && !this.#marksEnd
  }

  get isAtEnd(): boolean {
    return this.isPastInitial && this.#position >= this.#store.revision
  }

  /** Whether the store has forgotten what this watcher has not read. */
  get isExpired(): boolean {
    return this.#store.isExpired({ bucket: this.#view.resource.bucket, since: this.#position })
  }

  /** The next event; `undefined` when all is read. Throws `HistoryExpired` after falling too far behind. */
  read(): WatchEvent | undefined {
    while (this.#given < this.#initial.length) {
      const stored = this.#initial[this.#given]
      this.#given += 1
      if (stored === undefined) continue
      const object = this.#view.resource.fromStorage(stored.object)
      if (this.#view.matches?.(object) === false) continue
      return { type: 'ADDED', object, ...(object === stored.object ? { text: stored.text } : {}) }
    }
    if (this.#marksEnd) {
      this.#marksEnd = false
      return { type: 'BOOKMARK', object: bookmark(this.#view.resource, this.#position, true) }
    }
    const { bucket } = this.#view.resource
    for (;;) {
      const event = this.#store.next({ bucket, since: this.#position })
      // At the end of the history this watcher is as far as the store, whatever happened elsewhere meanwhile.
      this.#position = event?.revision ?? Math.max(this.#position, this.#store.revision)
      if (event === undefined) return undefined
      const seen = watchEvent({ event, view: this.#view })
      if (seen !== undefined) return seen
    }
  }

  /** Takes over the position of a watcher with the same view that has read on from here. */
  moveTo(position: number): void {
    this.#position = position
  }
}

export function watchEvent({
  event,
  view: { resource, namespace, matches },
}: {
  event: StoreEvent
  view: WatchView
}): WatchEvent | undefined {
  if (namespace !== undefined && event.key.namespace !== namespace) return undefined
  const object = resource.fromStorage(event.object)
  const shown = { object, ...(object === event.object ? { text: event.text } : {}) }
  if (matches === undefined) return { type: event.type, ...shown }
  const was = event.previous !== undefined && matches(resource.fromStorage(event.previous))
  if (event.type === 'DELETED') return was ? { type: 'DELETED', ...shown } : undefined
  const is = matches(object)
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', ...shown }
  // The watcher must forget an object that left its selection; it gets the last state it knew, at the new revision.
  return was && event.previous !== undefined
    ? { type: 'DELETED', object: atVersionOf(object, resource.fromStorage(event.previous)) }
    : undefined
}

const atVersionOf = (object: JsonObject, previous: JsonObject): JsonObject => ({
  ...previous,
  metadata: {
    ...asObject(previous['metadata']),
    resourceVersion: asObject(object['metadata'])['resourceVersion'],
  },
})

export function bookmark(resource: Resource, revision: number, endsInitialEvents = false): JsonObject {
  return {
    kind: resource.kind,
    apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
    metadata: {
      resourceVersion: String(revision),
      ...(endsInitialEvents ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  }
}
