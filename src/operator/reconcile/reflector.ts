// Keeps a cache equal to the API server's collection: list once, then watch, and list again only when the server has
// forgotten where we were. A broken or ended watch costs a reconnect, never a missed change. It never writes.

import type { KubernetesObject } from '../../api/resource.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import { KubernetesApiError, type Resources, type ResourceType } from '../../ports/resources.ts'
import type { IndexedCache } from './indexed-cache.ts'

export interface Reflector {
  /** Resolves when the cache held the whole collection for the first time. */
  readonly synced: Promise<void>
  close(): Promise<void>
}

const shortestWaitMs = 50
/** Behind a server that fails for long, everyone comes back within this. */
const longestWaitMs = 3_000
/** A watch that lived this long was healthy, however it ended: some proxies end every stream after a second. */
const healthyMs = 800

export const startReflector = <T extends KubernetesObject>({
  resources,
  type,
  cache,
  clock,
  random,
  logger,
  labelSelector,
  metadataOnly = false,
  keep = (object) => object,
}: {
  readonly resources: Resources
  readonly type: ResourceType
  readonly cache: IndexedCache<T>
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  readonly labelSelector?: string
  readonly metadataOnly?: boolean
  /** What of an object is worth keeping in memory. */
  readonly keep?: (object: T) => T
}): Reflector => {
  const stop = new AbortController()
  const selection = { ...(labelSelector === undefined ? {} : { labelSelector }), metadataOnly }
  const initial = Promise.withResolvers<void>()
  let failures = 0

  const pause = async (): Promise<void> => {
    const ceiling = Math.min(longestWaitMs, shortestWaitMs * 2 ** Math.min(failures++, 10))
    const ms = ceiling / 2 + (random() * ceiling) / 2
    await new Promise<void>((resolve) => {
      const wake = () => {
        cancel()
        stop.signal.removeEventListener('abort', wake)
        resolve()
      }
      const cancel = clock.after(ms, wake)
      stop.signal.addEventListener('abort', wake)
    })
  }

  /** Watches from `version` until the stream ends, telling up to which version everything was seen. */
  const watch = async (version: string, seen: (version: string) => void): Promise<void> => {
    const signal = stop.signal
    for await (const event of resources.watch<T>(type, { ...selection, resourceVersion: version, signal })) {
      switch (event.type) {
        case 'ADDED':
        case 'MODIFIED':
          cache.put(keep(event.object))
          seen(event.object.metadata.resourceVersion ?? version)
          break
        case 'DELETED':
          cache.remove(event.object.metadata)
          seen(event.object.metadata.resourceVersion ?? version)
          break
        case 'BOOKMARK':
          seen(event.resourceVersion)
          break
      }
    }
  }

  const listOnce = async (): Promise<string | undefined> => {
    try {
      const page = await resources.list<T>(type, selection)
      if (stop.signal.aborted) return undefined
      cache.replace(page.items.map(keep))
      initial.resolve()
      return page.resourceVersion
    } catch (error) {
      if (!stop.signal.aborted) logger.warn({ kind: type.kind, err: error }, 'list failed')
      return undefined
    }
  }

  const run = async (): Promise<void> => {
    let version: string | undefined
    while (!stop.signal.aborted) {
      version ??= await listOnce()
      if (version === undefined) {
        if (!stop.signal.aborted) await pause()
        continue
      }
      const startedAt = clock.monotonic()
      try {
        await watch(version, (seen) => (version = seen))
      } catch (error) {
        if (stop.signal.aborted) break
        logger.debug({ kind: type.kind, err: error }, 'watch broke')
        // Gone: what happened since is no longer told. Anything else the server refuses (the kind was removed, access
        // was taken away) is also answered by a list; a broken connection just resumes.
        if (error instanceof KubernetesApiError && error.status >= 400 && error.status !== 429)
          version = undefined
      }
      if (clock.monotonic() - startedAt >= healthyMs) failures = 0
      if (!stop.signal.aborted) await pause()
    }
  }

  const running = run()
  return {
    synced: initial.promise,
    async close() {
      stop.abort()
      await running
    },
  }
}
