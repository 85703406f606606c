/**
 * One watch: replays what the store remembers, follows what it publishes, and turns changes into what this watcher's
 * selector makes of them. Knows nothing of HTTP.
 */
import type { JsonObject } from '../json.ts'
import type { Store, StoreEvent } from '../storage/store.ts'
import type { Resource } from './resource.ts'
import type { Predicate } from './selectors.ts'

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: JsonObject
}

export function watchEvent({
  event,
  resource,
  namespace,
  matches,
}: {
  event: StoreEvent
  resource: Resource
  namespace: string | undefined
  matches: Predicate | undefined
}): WatchEvent | undefined {
  if (namespace !== undefined && event.key.namespace !== namespace) return undefined
  const object = resource.fromStorage(event.object)
  if (matches === undefined) return { type: event.type, object }
  const was = event.previous !== undefined && matches(resource.fromStorage(event.previous))
  if (event.type === 'DELETED') return was ? { type: 'DELETED', object } : undefined
  const is = matches(object)
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object }
  // The watcher must forget an object that left its selection; it gets the last state it knew, at the new revision.
  return was ? { type: 'DELETED', object } : undefined
}

export function startWatch({
  store,
  resource,
  namespace,
  matches,
  since,
  initialEvents,
  send,
}: {
  readonly store: Store
  readonly resource: Resource
  readonly namespace: string | undefined
  readonly matches: Predicate | undefined
  /** `undefined` or 0: begin with what exists now. */
  readonly since: number | undefined
  readonly initialEvents: 'none' | 'plain' | 'marked'
  readonly send: (event: WatchEvent) => void
}): () => void {
  let from = since
  if (from === undefined || from === 0 || initialEvents !== 'none') {
    from = store.revision
    if (initialEvents !== 'none') {
      for (const stored of store.list({
        bucket: resource.bucket,
        ...(namespace === undefined ? {} : { namespace }),
      })) {
        const object = resource.fromStorage(stored.object)
        if (matches === undefined || matches(object)) send({ type: 'ADDED', object })
      }
    }
    if (initialEvents === 'marked') send({ type: 'BOOKMARK', object: bookmark(resource, from, true) })
  }
  return store.watch({
    bucket: resource.bucket,
    since: from,
    listener: (event) => {
      const seen = watchEvent({ event, resource, namespace, matches })
      if (seen !== undefined) send(seen)
    },
  })
}

export function bookmark(resource: Resource, revision: number, endsInitialEvents = false): JsonObject {
  return {
    kind: resource.kind,
    apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
    metadata: {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(endsInitialEvents ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  }
}
