/**
 * Watchers with the same view and representation that have read equally far get the same bytes, so these are made once.
 * They are kept only until the news has gone round.
 */
import type { Resource } from '../resources/resource.ts'
import type { WatchCursor } from '../resources/watch-cursor.ts'

interface Chunk {
  readonly from: number
  readonly to: number
  /** How far the store was: later the same position has more to read. */
  readonly at: number
  readonly bytes: Buffer
}

export class SharedChunks {
  readonly #last = new Map<Resource, Map<string, Chunk>>()

  /** For watchers of one view, which `key` stands for. A definition that was changed is another resource. */
  forView({
    resource,
    key,
    revision,
  }: {
    readonly resource: Resource
    readonly key: string
    readonly revision: () => number
  }): SharedChunksOfView {
    return {
      read: ({ cursor, make }) => {
        const from = cursor.position
        const at = revision()
        const known = this.#last.get(resource)?.get(key)
        if (known?.from === from && known.at === at) {
          cursor.moveTo(known.to)
          return known.bytes
        }
        const bytes = Buffer.from(make())
        if (this.#last.size === 0) setImmediate(() => this.#last.clear())
        const views = this.#last.get(resource) ?? new Map<string, Chunk>()
        this.#last.set(resource, views.set(key, { from, to: cursor.position, at, bytes }))
        return bytes
      },
    }
  }
}

export interface SharedChunksOfView {
  readonly read: (request: { cursor: WatchCursor; make: () => string }) => Buffer
}
