// The resources port in memory, for tests of what stands on it: versions, generations, status apart from spec, watches
// with history, no-op writes that change nothing. No validation, no admission, no garbage collection.

import type { KubernetesObject } from '../../../api/resource.ts'
import {
  KubernetesApiError,
  type ObjectName,
  type Resources,
  type ResourceType,
  type WatchEvent,
} from '../../../ports/resources.ts'

type Stored = KubernetesObject & { readonly spec?: unknown; readonly status?: unknown }
type Event = { readonly version: number; readonly plural: string } & WatchEvent<Stored>

export interface MemoryResources extends Resources {
  /** Writes that changed something, as `verb plural/name`. */
  readonly writes: readonly string[]
  /** The next write that `matches` fails with this status. */
  failOnce(matches: (write: string) => boolean, status: number): void
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const merge = (base: unknown, patch: unknown): unknown => {
  if (!isRecord(patch)) return patch
  const result: Record<string, unknown> = isRecord(base) ? { ...base } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}

const fault = (status: number, reason: string, message: string) =>
  new KubernetesApiError({ status, reason, message })

export const createMemoryResources = (): MemoryResources => {
  let version = 0
  const objects = new Map<string, Stored>()
  const history: Event[] = []
  const watchers = new Set<() => void>()
  const writes: string[] = []
  const failures: { readonly matches: (write: string) => boolean; readonly status: number }[] = []

  const keyOf = (type: ResourceType, { namespace, name }: ObjectName) =>
    `${type.plural}/${namespace ?? ''}/${name}`
  const emit = (type: ResourceType, kind: 'ADDED' | 'MODIFIED' | 'DELETED', object: Stored): void => {
    history.push({ version, plural: type.plural, type: kind, object })
    for (const wake of watchers) wake()
  }
  const attempt = (verb: string, type: ResourceType, name: string): string => {
    const write = `${verb} ${type.plural}/${name}`
    const index = failures.findIndex(({ matches }) => matches(write))
    const [failure] = index < 0 ? [] : failures.splice(index, 1)
    if (failure !== undefined) throw fault(failure.status, 'Injected', 'refused by the test')
    return write
  }
  const store = (type: ResourceType, write: string, before: Stored | undefined, after: Stored): Stored => {
    if (before !== undefined && JSON.stringify(sorted(before)) === JSON.stringify(sorted(after)))
      return before
    version += 1
    writes.push(write)
    const generation =
      before === undefined
        ? 1
        : (before.metadata.generation ?? 1) +
          (JSON.stringify(sorted(before.spec)) === JSON.stringify(sorted(after.spec)) ? 0 : 1)
    const stored: Stored = {
      ...after,
      metadata: {
        ...after.metadata,
        uid: before?.metadata.uid ?? `uid-${version}`,
        creationTimestamp: before?.metadata.creationTimestamp ?? new Date().toISOString(),
        resourceVersion: String(version),
        generation,
      },
    }
    objects.set(keyOf(type, stored.metadata), stored)
    emit(type, before === undefined ? 'ADDED' : 'MODIFIED', stored)
    return stored
  }
  const require = (type: ResourceType, name: ObjectName): Stored => {
    const found = objects.get(keyOf(type, name))
    if (found === undefined) throw fault(404, 'NotFound', `${type.kind} "${name.name}" not found`)
    return found
  }
  const matchesLabels = (object: Stored, selector: string | undefined): boolean =>
    (selector ?? '').split(',').every((term) => {
      const [key = '', value] = term.split('=')
      return term === '' || object.metadata.labels?.[key] === value
    })

  return {
    writes,
    failOnce(matches, status) {
      failures.push({ matches, status })
    },
    async get<T extends KubernetesObject>(type: ResourceType, name: ObjectName) {
      return objects.get(keyOf(type, name)) as T | undefined
    },
    async list<T extends KubernetesObject>(
      type: ResourceType,
      options: { namespace?: string; labelSelector?: string } = {},
    ) {
      const items = [...objects].filter(
        ([key, object]) =>
          key.startsWith(
            `${type.plural}/${options.namespace === undefined ? '' : `${options.namespace}/`}`,
          ) && matchesLabels(object, options.labelSelector),
      )
      return { items: items.map(([, object]) => object as unknown as T), resourceVersion: String(version) }
    },
    async *watch<T extends KubernetesObject>(type: ResourceType, options: Parameters<Resources['watch']>[1]) {
      let seen = Number(options.resourceVersion)
      while (!options.signal.aborted) {
        const events = history.filter((event) => event.version > seen && event.plural === type.plural)
        seen = Math.max(seen, version)
        for (const event of events)
          if (event.type === 'BOOKMARK' || matchesLabels(event.object, options.labelSelector))
            yield event as unknown as WatchEvent<T>
        if (version > seen) continue
        await new Promise<void>((resolve) => {
          const wake = () => {
            watchers.delete(wake)
            options.signal.removeEventListener('abort', wake)
            resolve()
          }
          watchers.add(wake)
          options.signal.addEventListener('abort', wake)
        })
      }
    },
    async create<T extends KubernetesObject>(type: ResourceType, object: T) {
      const write = attempt('create', type, object.metadata.name)
      if (objects.has(keyOf(type, object.metadata)))
        throw fault(409, 'AlreadyExists', `${type.kind} "${object.metadata.name}" already exists`)
      return store(type, write, undefined, object) as unknown as T
    },
    async apply<T extends KubernetesObject>(type: ResourceType, object: T) {
      const write = attempt('apply', type, object.metadata.name)
      const before = objects.get(keyOf(type, object.metadata))
      return store(type, write, before, merge(before, object) as Stored) as unknown as T
    },
    async patch<T extends KubernetesObject>(type: ResourceType, name: ObjectName, patch: unknown) {
      const write = attempt('patch', type, name.name)
      const before = require(type, name)
      const expected =
        isRecord(patch) && isRecord(patch['metadata']) ? patch['metadata']['resourceVersion'] : undefined
      if (expected !== undefined && expected !== before.metadata.resourceVersion)
        throw fault(409, 'Conflict', 'the object has been modified')
      return store(type, write, before, merge(before, patch) as Stored) as unknown as T
    },
    async patchStatus<T extends KubernetesObject>(
      type: ResourceType,
      name: ObjectName,
      status: unknown,
      { resourceVersion }: Parameters<Resources['patchStatus']>[3] = {},
    ) {
      const write = attempt('status', type, name.name)
      const before = require(type, name)
      if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
        throw fault(409, 'Conflict', 'the object has been modified')
      return store(type, write, before, { ...before, status: merge(before.status, status) }) as unknown as T
    },
    async delete(type, name, preconditions) {
      const write = attempt('delete', type, name.name)
      const found = objects.get(keyOf(type, name))
      if (found === undefined) return
      if (preconditions?.uid !== undefined && preconditions.uid !== found.metadata.uid)
        throw fault(409, 'Conflict', 'another uid')
      version += 1
      writes.push(write)
      objects.delete(keyOf(type, name))
      emit(type, 'DELETED', found)
    },
    review: () => Promise.reject(fault(404, 'NotFound', 'no reviews here')),
  }
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  )
}
