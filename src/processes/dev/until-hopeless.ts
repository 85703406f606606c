// Waits until something is known not to become ready by waiting: a container that cannot start here, an agent that
// cannot be built. What only takes its time is not told of.

import { setTimeout as sleep } from 'node:timers/promises'
import { swarmAgents, type SwarmAgent } from '../../api/v1alpha1/index.ts'
import type { KubernetesObject } from '../../api/resource.ts'
import type { Resources } from '../../ports/resources.ts'

interface Pod extends KubernetesObject {
  readonly status?: {
    readonly containerStatuses?: readonly {
      readonly name: string
      readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } }
    }[]
  }
}

/** Reasons of containers that no patience cures. */
const hopeless: ReadonlySet<string> = new Set([
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'CrashLoopBackOff',
])

const lookEveryMs = 4000

/** Troubles that were there on two looks in a row, one sentence each. */
export const untilHopeless = async ({
  resources,
  namespaces,
  signal,
}: {
  readonly resources: Resources
  readonly namespaces: ReadonlySet<string>
  readonly signal: AbortSignal
}): Promise<readonly string[]> => {
  for (let before: readonly string[] = []; ;) {
    await sleep(lookEveryMs, undefined, { signal })
    const [pods, agents] = await Promise.all([
      resources.list<Pod>({ group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }),
      resources.list<SwarmAgent>(swarmAgents),
    ])
    const found = troubles({ pods: pods.items, agents: agents.items, namespaces })
    if (found.some((trouble) => before.includes(trouble))) return found
    before = found
  }
}

export const troubles = ({
  pods,
  agents,
  namespaces,
}: {
  readonly pods: readonly Pod[]
  readonly agents: readonly SwarmAgent[]
  readonly namespaces: ReadonlySet<string>
}): readonly string[] => [
  ...agents.flatMap(({ metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    const blocked = ready?.reason === 'PromptResolutionError' || ready?.reason === 'MCPResolutionError'
    return blocked && namespaces.has(metadata.namespace ?? '')
      ? [`SwarmAgent ${metadata.namespace}/${metadata.name}: ${ready.message} [${ready.reason}]`]
      : []
  }),
  ...pods.flatMap(({ metadata, status }) =>
    namespaces.has(metadata.namespace ?? '')
      ? (status?.containerStatuses ?? []).flatMap(({ name, state }) => {
          const { reason = '', message = '' } = state?.waiting ?? {}
          return hopeless.has(reason)
            ? [`pod ${metadata.namespace}/${metadata.name}, container ${name}: ${message} [${reason}]`]
            : []
        })
      : [],
  ),
]
