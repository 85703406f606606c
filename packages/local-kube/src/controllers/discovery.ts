// Which resources the server has right now. A group that cannot be read is left out and named, so that nobody mistakes
// "unknown" for "absent".

import { isApiError } from '../client/api-error.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { ResourceKind } from '../client/resource-kind.ts'

export interface DiscoveredResource extends ResourceKind {
  readonly verbs: readonly string[]
}

export interface Discovery {
  readonly resources: readonly DiscoveredResource[]
  /** Group versions that could not be read. */
  readonly failed: readonly string[]
}

interface GroupList {
  readonly groups?: readonly {
    readonly name: string
    readonly versions: readonly { readonly version: string }[]
    readonly preferredVersion?: { readonly version: string }
  }[]
}

interface ResourceList {
  readonly resources?: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
    readonly verbs?: readonly string[]
  }[]
}

export async function discoverResources({ client }: { readonly client: KubeClient }): Promise<Discovery> {
  const { groups = [] } = await client.request<GroupList>({ path: '/apis' })
  const found = new Map<string, DiscoveredResource>()
  const failed: string[] = []
  const read = async (group: string, version: string): Promise<readonly DiscoveredResource[]> => {
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    try {
      const { resources = [] } = await client.request<ResourceList>({ path })
      return resources
        .filter(({ name }) => !name.includes('/'))
        .map(({ name, kind, namespaced, verbs = [] }) => ({
          group,
          version,
          plural: name,
          kind,
          namespaced,
          verbs,
        }))
    } catch (error) {
      // Gone between the two questions.
      if (!isApiError(error, 404)) failed.push(`${group}/${version}`)
      return []
    }
  }
  const versions = groups.flatMap(({ name, versions: all, preferredVersion }) =>
    // The preferred version first: a resource is taken from the first version that has it.
    all
      .toSorted((left) => (left.version === preferredVersion?.version ? -1 : 1))
      .map(({ version }) => ({ group: name, version })),
  )
  const pages = await Promise.all(
    [{ group: '', version: 'v1' }, ...versions].map(({ group, version }) => read(group, version)),
  )
  for (const resource of pages.flat()) {
    const key = `${resource.group}/${resource.plural}`
    if (!found.has(key)) found.set(key, resource)
  }
  return { resources: [...found.values()], failed }
}
