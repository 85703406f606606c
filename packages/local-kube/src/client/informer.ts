// A local copy of one kind of object, kept current by list and watch, that survives whatever the connection does:
// resets, clean closes, servers that restart, versions that expired. It delivers each change once and in order.
// Writers hand their own results back (`learn`), so that a decision never acts on a world older than its last write.

import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, isApiError, type ApiStatus } from './api-error.ts'
import type { KubeClient } from './kube-client.ts'
import type { Stored } from './kubernetes-types.ts'
import { silentLogger, type Logger } from './logger.ts'

export type Change<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'modified'; readonly object: T; readonly previous: T }
  | { readonly type: 'deleted'; readonly object: T }

export interface Informer<T extends Stored> {
  /** Resolves when the first list is in. */
  readonly synced: Promise<void>
  get(key: { readonly namespace?: string | undefined; readonly name: string }): T | undefined
  byUid(uid: string): T | undefined
  list(namespace?: string): readonly T[]
  /** Objects whose index function gave this value. */
  indexed(value: string): readonly T[]
  /** Also called, as `added`, for what is already known. Returns the way to stop. */
  onChange(listener: (change: Change<T>) => void): () => void
  /** Take in the server's answer to a write of ours before the watch tells it. */
  learn(object: T): T
  close(): Promise<void>
}

export interface InformerOptions<T extends Stored> {
  readonly client: KubeClient
  readonly path: string
  readonly fieldSelector?: string
  readonly labelSelector?: string
  readonly accept?: string
  readonly index?: (object: T) => readonly string[]
  readonly logger?: Logger
  /** Called instead of retrying when the resource itself is gone (its CRD was deleted). */
  readonly onGone?: () => void
}

const firstDelay = 50
const longestDelay = 5_000
const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`

export function startInformer<T extends Stored>({
  client,
  path,
  fieldSelector,
  labelSelector,
  accept,
  index = () => [],
  logger = silentLogger,
  onGone,
}: InformerOptions<T>): Informer<T> {
  const objects = new Map<string, T>()
  const uids = new Map<string, T>()
  const buckets = new Map<string, Map<string, T>>()
  /** Written by us and not yet told by the watch. */
  const learned = new Set<string>()
  const listeners = new Set<(change: Change<T>) => void>()
  const closing = new AbortController()
  const { promise: synced, resolve: setSynced } = Promise.withResolvers<void>()
  const selectors = { fieldSelector, labelSelector }
  let version: string | undefined

  const emit = (change: Change<T>): void => {
    for (const listener of listeners) listener(change)
  }

  const place = (object: T): void => {
    objects.set(keyOf(object.metadata.namespace, object.metadata.name), object)
    uids.set(object.metadata.uid, object)
    for (const value of index(object)) {
      const bucket = buckets.get(value) ?? new Map<string, T>()
      buckets.set(value, bucket.set(object.metadata.uid, object))
    }
  }

  const displace = (object: T): void => {
    const key = keyOf(object.metadata.namespace, object.metadata.name)
    if (objects.get(key)?.metadata.uid === object.metadata.uid) objects.delete(key)
    uids.delete(object.metadata.uid)
    for (const value of index(object)) {
      const bucket = buckets.get(value)
      bucket?.delete(object.metadata.uid)
      if (bucket?.size === 0) buckets.delete(value)
    }
  }

  /** `isTruth`: from a list, which may show an older state when the server was restored from an earlier one. */
  const put = (object: T, isTruth = false): void => {
    const previous = objects.get(keyOf(object.metadata.namespace, object.metadata.name))
    if (previous !== undefined && previous.metadata.uid === object.metadata.uid) {
      const { resourceVersion } = previous.metadata
      if (object.metadata.resourceVersion === resourceVersion) return
      if (!isTruth && !isNewer(object.metadata.resourceVersion, resourceVersion)) return
      displace(previous)
      place(object)
      emit({ type: 'modified', object, previous })
      return
    }
    if (previous !== undefined) remove(previous)
    place(object)
    emit({ type: 'added', object })
  }

  const remove = (object: T): void => {
    const known = uids.get(object.metadata.uid)
    if (known === undefined) return
    displace(known)
    emit({ type: 'deleted', object: known })
  }

  const list = async (): Promise<void> => {
    const seen = new Set<string>()
    let next: string | undefined
    let listVersion = ''
    const found: T[] = []
    do {
      const page: ListPage<T> = await client.request<ListPage<T>>({
        path,
        query: { ...selectors, limit: 500, continue: next },
        signal: closing.signal,
        ...(accept !== undefined && { accept }),
      })
      found.push(...(page.items ?? []))
      listVersion = page.metadata?.resourceVersion ?? listVersion
      next = page.metadata?.continue === '' ? undefined : page.metadata?.continue
    } while (next !== undefined)
    version = listVersion
    for (const object of found) {
      seen.add(object.metadata.uid)
      put(object, !learned.has(object.metadata.uid))
    }
    for (const object of uids.values()) {
      // Learned after this list was read: the list could not know it.
      const isAhead =
        learned.has(object.metadata.uid) && isNewer(object.metadata.resourceVersion, listVersion)
      if (!seen.has(object.metadata.uid) && !isAhead) remove(object)
    }
    setSynced()
  }

  const watch = async (): Promise<void> => {
    const timeoutSeconds = 240 + Math.floor(Math.random() * 240)
    // The server ends the watch by itself; if even that never comes, the connection is dead without saying so.
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout((timeoutSeconds + 30) * 1000)])
    const events = client.watch({
      path,
      query: { ...selectors, resourceVersion: version, allowWatchBookmarks: true, timeoutSeconds },
      signal,
      ...(accept !== undefined && { accept }),
    })
    for await (const event of events) {
      if (event.type === 'ERROR')
        throw new ApiError({ request: `watch ${path}`, status: event.object as ApiStatus })
      const object = event.object as T
      if (event.type !== 'BOOKMARK') learned.delete(object.metadata.uid)
      if (event.type === 'DELETED') remove(object)
      if (event.type === 'ADDED' || event.type === 'MODIFIED') put(object)
      version = object.metadata.resourceVersion
    }
  }

  const run = async (): Promise<void> => {
    let delay = firstDelay
    while (!closing.signal.aborted) {
      const startedAt = performance.now()
      try {
        if (version === undefined) await list()
        await watch()
      } catch (error) {
        if (closing.signal.aborted) return
        if (isApiError(error, 410)) {
          // The server has moved on (or started anew): nothing is wrong with it, so ask for everything at once.
          version = undefined
          delay = firstDelay
        } else if (isApiError(error, 404) && onGone !== undefined) {
          setSynced()
          onGone()
          return
        } else logger.debug({ path, error: String(error) }, 'watch interrupted')
      }
      // A watch that lived for a while ended normally: go on at once. One that keeps ending is a server in trouble.
      delay = performance.now() - startedAt > 5_000 ? firstDelay : Math.min(delay * 2, longestDelay)
      await sleep(delay * (0.5 + Math.random()), undefined, { signal: closing.signal }).catch(() => undefined)
    }
  }
  const running = run()

  return {
    synced,
    get: ({ namespace, name }) => objects.get(keyOf(namespace, name)),
    byUid: (uid) => uids.get(uid),
    list: (namespace) => {
      const all = [...objects.values()]
      return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace)
    },
    indexed: (value) => [...(buckets.get(value)?.values() ?? [])],
    onChange(listener) {
      for (const object of objects.values()) listener({ type: 'added', object })
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    learn(object) {
      // What the watch has already passed it has already told, perhaps including the deletion of this very object.
      if (version !== undefined && isNewer(object.metadata.resourceVersion, version)) {
        learned.add(object.metadata.uid)
        put(object)
      }
      return object
    },
    async close() {
      closing.abort()
      await running
    },
  }
}

interface ListPage<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items?: readonly T[]
}

/** Resource versions are decimal numbers of growing size, written without leading zeros. */
export function isNewer(left: string, right: string): boolean {
  return left.length === right.length ? left > right : left.length > right.length
}
