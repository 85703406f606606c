// Waits, by watching, until every object of a kind in some namespaces satisfies a condition.

import type { KubernetesObject } from '../../api/resource.ts'
import type { Resources, ResourceType } from '../../ports/resources.ts'

export const untilEvery = async <T extends KubernetesObject>({
  resources,
  type,
  namespaces,
  is,
  onProgress,
  signal,
}: {
  readonly resources: Resources
  readonly type: ResourceType
  readonly namespaces: ReadonlySet<string>
  readonly is: (object: T) => boolean
  readonly onProgress?: (progress: {
    readonly ready: number
    readonly total: number
    readonly waiting: readonly T[]
  }) => void
  readonly signal: AbortSignal
}): Promise<readonly T[]> => {
  const stop = new AbortController()
  const onAbort = () => stop.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      signal.throwIfAborted()
      const { items, resourceVersion } = await resources.list<T>(type)
      const objects = new Map(items.map((object) => [keyOf(object), object]))
      const settled = (): readonly T[] | undefined => {
        const concerned = [...objects.values()].filter(({ metadata }) =>
          namespaces.has(metadata.namespace ?? ''),
        )
        const waiting = concerned.filter((object) => !is(object))
        onProgress?.({ ready: concerned.length - waiting.length, total: concerned.length, waiting })
        return waiting.length === 0 ? concerned : undefined
      }
      const already = settled()
      if (already !== undefined) return already
      for await (const event of resources.watch<T>(type, { resourceVersion, signal: stop.signal })) {
        if (event.type === 'BOOKMARK') continue
        if (event.type === 'DELETED') objects.delete(keyOf(event.object))
        else objects.set(keyOf(event.object), event.object)
        const now = settled()
        if (now !== undefined) return now
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    stop.abort()
  }
}

const keyOf = ({ metadata }: KubernetesObject): string => `${metadata.namespace ?? ''}/${metadata.name}`
