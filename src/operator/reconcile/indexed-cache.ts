// What the operator knows of one kind: the newest object of each name, found by name, namespace or any other index.
// It is a view and may lag behind; who acts on it must be harmless when it does.

import type { KubernetesObject } from '../../api/resource.ts'

export const keyOf = ({
  namespace,
  name,
}: {
  readonly namespace?: string | undefined
  readonly name: string
}): string => (namespace === undefined ? name : `${namespace}/${name}`)

export const splitKey = (key: string): { readonly namespace: string; readonly name: string } => {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

export interface Change<T> {
  readonly before: T | undefined
  readonly after: T | undefined
}

export interface CacheView<T> {
  get(name: { readonly namespace?: string | undefined; readonly name: string }): T | undefined
  list(namespace?: string): readonly T[]
  /** Objects for which the index function gave `value`. */
  by(index: string, value: string): readonly T[]
  /** Called after the cache holds the change. */
  subscribe(listener: (change: Change<T>) => void): () => void
}

export interface IndexedCache<T> extends CacheView<T> {
  put(object: T): void
  remove(name: { readonly namespace?: string | undefined; readonly name: string }): void
  /** Makes the cache equal to `objects`, telling of every difference, deletions included. */
  replace(objects: readonly T[]): void
}

export type Indexes<T> = Readonly<Record<string, (object: T) => readonly string[]>>

const namespaceIndex = 'namespace'

export const createIndexedCache = <T extends KubernetesObject>(indexes: Indexes<T> = {}): IndexedCache<T> => {
  const objects = new Map<string, T>()
  const functions: Indexes<T> = {
    ...indexes,
    [namespaceIndex]: ({ metadata }) => (metadata.namespace === undefined ? [] : [metadata.namespace]),
  }
  // index → value → keys. A key stands under a value exactly while the object in `objects` yields that value.
  const entries = new Map(Object.keys(functions).map((index) => [index, new Map<string, Set<string>>()]))
  const listeners = new Set<(change: Change<T>) => void>()

  const reindex = (key: string, { before, after }: Change<T>): void => {
    for (const [index, values] of entries) {
      const valuesOf = functions[index]
      if (valuesOf === undefined) continue
      for (const value of before === undefined ? [] : valuesOf(before)) {
        const keys = values.get(value)
        keys?.delete(key)
        if (keys?.size === 0) values.delete(value)
      }
      for (const value of after === undefined ? [] : valuesOf(after)) {
        const keys = values.get(value)
        if (keys === undefined) values.set(value, new Set([key]))
        else keys.add(key)
      }
    }
  }
  const set = (key: string, after: T | undefined): void => {
    const before = objects.get(key)
    if (before === undefined && after === undefined) return
    if (after === undefined) objects.delete(key)
    else objects.set(key, after)
    reindex(key, { before, after })
    for (const listener of listeners) listener({ before, after })
  }

  const cache: IndexedCache<T> = {
    get: (name) => objects.get(keyOf(name)),
    list: (namespace) =>
      namespace === undefined ? [...objects.values()] : cache.by(namespaceIndex, namespace),
    by: (index, value) =>
      [...(entries.get(index)?.get(value) ?? [])].flatMap((key) => {
        const object = objects.get(key)
        return object === undefined ? [] : [object]
      }),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    put: (object) => set(keyOf(object.metadata), object),
    remove: (name) => set(keyOf(name), undefined),
    replace(listed) {
      const present = new Set(listed.map(({ metadata }) => keyOf(metadata)))
      for (const key of objects.keys()) if (!present.has(key)) set(key, undefined)
      for (const object of listed) {
        const key = keyOf(object.metadata)
        const known = objects.get(key)?.metadata
        const same =
          known?.uid === object.metadata.uid && known?.resourceVersion === object.metadata.resourceVersion
        if (known === undefined || !same) set(key, object)
      }
    },
  }
  return cache
}
