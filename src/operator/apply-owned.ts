// Brings an owned object to its desired state, and leaves it alone when it is there already: an idle operator sends
// nothing. What it applied is remembered by version, so that an edit or a deletion by others is put right.

import type { KubernetesObject } from '../api/resource.ts'
import { canonicalJson } from '../domain/guardrail/canonical-json.ts'
import { hashOf } from '../domain/workload/agent-names.ts'
import type { Resources, ResourceType } from '../ports/resources.ts'
import { keyOf, type CacheView } from './reconcile/indexed-cache.ts'

interface OwnedObjects<T extends KubernetesObject> {
  /** Applies unless the object is known to be as desired. */
  ensure(desired: KubernetesObject): Promise<void>
  /** Deletes it if it is there. */
  remove(name: { readonly namespace: string; readonly name: string }): Promise<void>
  readonly cache: CacheView<T>
}

interface Applied {
  readonly hash: string
  readonly version: string | undefined
}

export const ownedObjects = <T extends KubernetesObject>({
  resources,
  type,
  cache,
  versionOf = ({ metadata }) => metadata.resourceVersion,
}: {
  readonly resources: Resources
  readonly type: ResourceType
  readonly cache: CacheView<T>
  /** Changes when someone edits what we applied; for kinds with a status that is the generation. */
  readonly versionOf?: (object: KubernetesObject) => string | undefined
}): OwnedObjects<T> => {
  const applied = new Map<string, Applied>()
  cache.subscribe(({ before, after }) => {
    if (after === undefined && before !== undefined) applied.delete(keyOf(before.metadata))
  })
  return {
    cache,
    async ensure(desired) {
      const key = keyOf(desired.metadata)
      const hash = hashOf(canonicalJson(desired))
      const known = applied.get(key)
      const cached = cache.get(desired.metadata)
      // Not in the cache yet is not the same as deleted: a deletion is told, and forgets what was applied.
      const untouched = cached === undefined || versionOf(cached) === known?.version
      if (known?.hash === hash && untouched) return
      const result = await resources.apply(type, desired)
      applied.set(key, { hash, version: versionOf(result) })
    },
    async remove(name) {
      if (cache.get(name) === undefined && !applied.has(keyOf(name))) return
      applied.delete(keyOf(name))
      await resources.delete(type, name)
    },
  }
}
