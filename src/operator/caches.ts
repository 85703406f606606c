// All the operator watches: its own kinds whole, and of what it owns or refers to the metadata alone. The content of
// Secrets and ConfigMaps is never kept: it is large, it is other people's, and a version is enough to notice a change.

import {
  swarmAgents,
  swarmEvents,
  swarmNotifies,
  swarmPolicies,
  swarmRuns,
  swarmSettings,
  swarmTeams,
  type SwarmAgent,
  type SwarmEvent,
  type SwarmNotify,
  type SwarmPolicy,
  type SwarmRun,
  type SwarmSettings,
  type SwarmTeam,
} from '../api/v1alpha1/index.ts'
import type { KubernetesObject } from '../api/resource.ts'
import { oneSpelling } from '../api/spellings.ts'
import { managedBy } from '../domain/workload/agent-names.ts'
import { referencedObjects } from '../domain/workload/agent-workload.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Resources, ResourceType } from '../ports/resources.ts'
import {
  configMaps,
  deployments,
  networkPolicies,
  secrets,
  serviceAccounts,
  type Deployment,
} from './builtin-kinds.ts'
import { eventOfRun } from './controllers/event-run.ts'
import { createIndexedCache, keyOf, type CacheView, type Indexes } from './reconcile/indexed-cache.ts'
import { startReflector, type Reflector } from './reconcile/reflector.ts'

export interface Caches {
  readonly agents: CacheView<SwarmAgent>
  readonly teams: CacheView<SwarmTeam>
  readonly runs: CacheView<SwarmRun>
  readonly policies: CacheView<SwarmPolicy>
  readonly events: CacheView<SwarmEvent>
  readonly settings: CacheView<SwarmSettings>
  readonly notifies: CacheView<SwarmNotify>
  readonly deployments: CacheView<Deployment>
  readonly serviceAccounts: CacheView<KubernetesObject>
  readonly networkPolicies: CacheView<KubernetesObject>
  readonly secrets: CacheView<KubernetesObject>
  readonly configMaps: CacheView<KubernetesObject>
  /** Begins to watch. Subscribe before: what the first list brings is told like any other change. */
  start(): void
  readonly synced: Promise<void>
  close(): Promise<void>
}

/** Index of agents: `<namespace>/Secret/<name>` and `<namespace>/ConfigMap/<name>` that their pods take in. */
export const byReference = 'reference'
/** Index of agents: `<namespace>/<name>` of the SwarmSettings they use. */
export const bySettings = 'settings'
/** Index of runs and teams: `<namespace>/<team>` of a run; `<namespace>/<agent>` of a team's roles. */
export const byTeam = 'team'
export const byAgent = 'agent'
/** Index of runs: the event that started them, as `eventOfRun` says it. */
export const byEvent = 'event'

export const openCaches = ({
  resources,
  clock,
  random,
  logger,
}: {
  readonly resources: Resources
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}): Caches => {
  const starters: (() => Reflector)[] = []
  const synced = Promise.withResolvers<void>()
  let reflectors: readonly Reflector[] = []

  const cache = <T extends KubernetesObject>(
    type: ResourceType,
    options: {
      readonly indexes?: Indexes<T>
      readonly labelSelector?: string
      readonly metadataOnly?: boolean
      readonly keep?: (object: T) => T
    } = {},
  ): CacheView<T> => {
    const { indexes, keep = (object) => object, ...selection } = options
    const created = createIndexedCache<T>(indexes)
    starters.push(() =>
      startReflector({
        resources,
        type,
        cache: created,
        clock,
        random,
        logger,
        keep: (object) => keep(withoutManagers(object)),
        ...selection,
      }),
    )
    return created
  }
  const owned = `app.kubernetes.io/managed-by=${managedBy['app.kubernetes.io/managed-by']}`
  const metadata = { metadataOnly: true, keep: metadataOf }
  const keep = <T extends KubernetesObject>(object: T): T => oneSpelling(object).object

  return {
    agents: cache(swarmAgents, {
      keep,
      indexes: {
        [byReference]: (agent) =>
          referencedObjects(agent).map((name) => `${agent.metadata.namespace}/${name}`),
        [bySettings]: ({ metadata: { namespace }, spec }) =>
          (spec.settings ?? []).map(({ name }) => keyOf({ namespace, name })),
      },
    }),
    teams: cache(swarmTeams, {
      keep,
      indexes: {
        [byAgent]: ({ metadata: { namespace }, spec }) =>
          (spec.roles ?? []).flatMap(({ swarmAgent: name }) =>
            name === undefined ? [] : [keyOf({ namespace, name })],
          ),
      },
    }),
    runs: cache(swarmRuns, {
      keep,
      indexes: {
        [byTeam]: ({ metadata: { namespace }, spec: { teamRef: name } }) =>
          name === undefined ? [] : [keyOf({ namespace, name })],
        [byEvent]: (run) => [eventOfRun(run) ?? []].flat(),
      },
    }),
    policies: cache(swarmPolicies, { keep }),
    events: cache(swarmEvents, { keep }),
    notifies: cache(swarmNotifies, { keep }),
    settings: cache(swarmSettings, { keep }),
    deployments: cache(deployments, { labelSelector: owned }),
    serviceAccounts: cache(serviceAccounts, { labelSelector: owned, ...metadata }),
    networkPolicies: cache(networkPolicies, { labelSelector: owned, ...metadata }),
    secrets: cache(secrets, { ...metadata }),
    configMaps: cache(configMaps, { ...metadata }),
    start() {
      reflectors = starters.map((start) => start())
      void Promise.all(reflectors.map((reflector) => reflector.synced)).then(() => synced.resolve())
    },
    synced: synced.promise,
    async close() {
      await Promise.all(reflectors.map((reflector) => reflector.close()))
    },
  }
}

/** Who wrote which field is half of a small object, and nobody here asks. */
const withoutManagers = <T extends KubernetesObject>(object: T): T => {
  const { managedFields: _managers, ...metadata } = object.metadata as T['metadata'] & {
    readonly managedFields?: unknown
  }
  return { ...object, metadata }
}

const metadataOf = ({ apiVersion, kind, metadata }: KubernetesObject): KubernetesObject => {
  // kubectl's copy of the last applied manifest holds a Secret's content in the clear.
  const { annotations: _content, ...rest } = metadata
  return { apiVersion, kind, metadata: rest }
}
