// Operator and hub as processes of a cluster: together over one file, or apart and in any number over one PostgreSQL
// database. Runs until a signal asks it to end, or its leadership is lost.

import { connectKubernetes } from '../adapters/kubernetes/connect-kubernetes.ts'
import { KubeswarmError } from '../domain/error.ts'
import { createKubernetesAuthenticator } from '../hub/kubernetes-authenticator.ts'
import { admissionPath } from '../operator/admission/server.ts'
import { openEventCatalog } from '../operator/event-catalog.ts'
import type { EventCatalog } from '../ports/event-catalog.ts'
import type { Store } from '../ports/store.ts'
import type { Environment } from './agent-config.ts'
import { controlPlaneConfigFrom, type ControlPlaneConfig } from './control-plane-config.ts'
import { boundaryOf } from './crash-points/crash-plan.ts'
import { crashingHubStore } from './crash-points/crashing-hub.ts'
import { crashingOperatorStore, crashingResources } from './crash-points/crashing-operator.ts'
import { startHub } from './hub.ts'
import { createLogger } from './logger.ts'
import { startOperator } from './operator.ts'
import { rehearseControlPlane } from './rehearsal/rehearse-control-plane.ts'
import { openStore } from './store.ts'
import { systemClock } from './system-clock.ts'

export type Part = 'operator' | 'hub'

interface Running {
  /** Resolves when it should end by itself. */
  readonly lost: Promise<void>
  close(): Promise<void>
}

/** The command: runs until a signal, and exits with 1 where leadership was lost, so that it is started again. */
export const runControlPlane = async ({
  parts,
  environment,
}: {
  readonly parts: readonly Part[]
  readonly environment: Environment
}): Promise<void> => {
  const stopped = new Promise<'stopped'>((resolve) => {
    process.once('SIGTERM', () => resolve('stopped'))
    process.once('SIGINT', () => resolve('stopped'))
  })
  const running = await startControlPlane({ parts, config: controlPlaneConfigFrom(environment) })
  if ((await Promise.race([stopped, running.lost])) === undefined) process.exit(1)
  await running.close()
}

const startControlPlane = async ({
  parts,
  config,
}: {
  readonly parts: readonly Part[]
  readonly config: ControlPlaneConfig
}): Promise<Running> => {
  const clock = systemClock
  const logger = createLogger({ level: config.logLevel, name: parts.join('+') })
  const stack: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const undo of stack.splice(0).toReversed()) await undo()
  }
  const lost = Promise.withResolvers<void>()
  try {
    const connection = await connectKubernetes(config.cluster)
    stack.push(() => connection.close())
    await rehearseControlPlane(clock)
    const store = await openOwnStore({ parts, config, logger })
    stack.push(() => store.close())

    let catalog: EventCatalog | undefined
    const hub = parts.includes('hub')
      ? await startHub({
          store: crashing(config, 'hub', store),
          authenticator: createKubernetesAuthenticator({ resources: connection, clock }),
          events: {
            find: async (event) => catalog?.find(event),
            ended: async (run, signal) => catalog?.ended(run, signal),
          },
          host: config.host,
          port: config.hubPort,
          clock,
          logger,
          ...(config.leaseMs === undefined ? {} : { leaseMs: config.leaseMs }),
        })
      : undefined
    if (hub !== undefined) stack.push(() => hub.close())
    const hubUrl = config.hubUrl ?? hub?.url
    if (hubUrl === undefined)
      throw new KubeswarmError({
        code: 'InvalidInput',
        message: 'cannot start the operator: KUBESWARM_HUB_URL is not set',
        remedy: 'set KUBESWARM_HUB_URL to where agents find the hub',
      })
    const webhookBaseUrl = config.webhookBaseUrl ?? hubUrl

    if (parts.includes('operator')) {
      const boundary = boundaryOf({ path: config.crashPlan, part: 'operator' })
      const operator = startOperator({
        resources:
          boundary === undefined ? connection : crashingResources({ boundary, resources: connection }),
        store: crashing(config, 'operator', store),
        clock,
        logger,
        config: { ...operatorSettings({ config, lost: lost.resolve }), hubUrl, webhookBaseUrl },
      })
      catalog = operator.catalog
      stack.push(() => operator.close())
      await operator.ready
    } else {
      const view = openEventCatalog({
        resources: connection,
        store,
        clock,
        random: Math.random,
        logger,
        webhookBaseUrl,
      })
      stack.push(() => view.close())
      await view.synced
      catalog = view
    }
    logger.info({ parts }, 'ready')
    return { lost: lost.promise, close }
  } catch (error) {
    await close()
    throw error
  }
}

const operatorSettings = ({
  config: {
    agentImage,
    namespace,
    host,
    admissionPort,
    admissionService,
    identity,
    modelBaseUrl,
    notifyAllow,
  },
  lost,
}: {
  readonly config: ControlPlaneConfig
  readonly lost: () => void
}) => ({
  agentImage,
  agentArgs: ['agent'],
  namespace,
  ...(admissionPort === undefined
    ? {}
    : {
        admission: {
          host,
          port: admissionPort,
          ...(admissionService === undefined
            ? {}
            : { service: { ...admissionService, path: admissionPath, port: 443 } }),
        },
      }),
  ...(notifyAllow === undefined ? {} : { notifications: { allow: notifyAllow } }),
  ...(identity === undefined ? {} : { leaderElection: { identity, onLost: lost } }),
  ...(modelBaseUrl === undefined
    ? {}
    : { modelOverride: { baseUrl: modelBaseUrl, provider: 'openai', label: modelBaseUrl } }),
})

const openOwnStore = async ({
  parts,
  config: { databaseUrl, stateDirectory },
  logger,
}: {
  readonly parts: readonly Part[]
  readonly config: ControlPlaneConfig
  readonly logger: Parameters<typeof openStore>[0]['logger']
}): Promise<Store> => {
  if (databaseUrl === undefined && (stateDirectory === undefined || parts.length < 2))
    throw new KubeswarmError({
      code: 'InvalidInput',
      message: 'cannot start: KUBESWARM_DATABASE_URL is not set',
      remedy:
        'set it to a PostgreSQL database; only operator and hub in one process can use a file, in KUBESWARM_STATE_DIRECTORY',
    })
  return openStore({ databaseUrl, stateDirectory: stateDirectory ?? '', clock: systemClock, logger })
}

const crashing = ({ crashPlan: path }: ControlPlaneConfig, part: Part, store: Store): Store => {
  const boundary = boundaryOf({ path, part })
  if (boundary === undefined) return store
  return part === 'hub' ? crashingHubStore({ boundary, store }) : crashingOperatorStore({ boundary, store })
}
