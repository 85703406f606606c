// The embedded mode: Kubernetes API and node agent (local-kube), store, hub and operator in one process, agents and
// mocks as its children. The operator speaks to local-kube over the same HTTP client as to a real cluster.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { getCompileCacheDir } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startLocalKube } from 'local-kube'
import { connectKubernetes, type KubernetesConnection } from '../../adapters/kubernetes/connect-kubernetes.ts'
import { serviceResolver } from '../../adapters/http/service-resolver.ts'
import { startScriptedModel } from '../../adapters/scripted-model/start-scripted-model.ts'
import { agentEnvironment } from '../../domain/workload/agent-environment.ts'
import type { ModelChoice } from '../../domain/model/choose-model.ts'
import { createKubernetesAuthenticator } from '../../hub/kubernetes-authenticator.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Store } from '../../ports/store.ts'
import { startHub } from '../hub.ts'
import { startOperator, type StartedOperator } from '../operator.ts'
import { openStore } from '../store.ts'
import { systemClock } from '../system-clock.ts'
import { image, imageRepository } from '../version.ts'
import { rehearseControlPlane } from '../rehearsal/rehearse-control-plane.ts'
import { publishEndpoints } from './publish-endpoints.ts'
import { clusterIn, kubeconfigIn, makeStateDirectory } from './state-directory.ts'

/** Ctrl-C waits so long for work in hand; what is cut off goes on from its journal at the next start. */
const LONGEST_SHUTDOWN_MS = 3000

export interface DevOptions {
  /** Absent: a temporary directory that close() removes. */
  readonly stateDirectory?: string
  /** PostgreSQL instead of a file in the state directory. Holds a password: it is never shown. */
  readonly databaseUrl?: string
  /** 0: any free port. */
  readonly apiPort: number
  readonly hubPort: number
  readonly model: ModelChoice
  /** Script of the scripted model, where that is the choice. */
  readonly script?: string
  readonly logger: Logger
  /** Variables of this machine that agents may see (keys of model providers). */
  readonly hostEnvironment: Readonly<Record<string, string>>
}

export interface DevCluster {
  readonly stateDirectory: string
  readonly kubeconfigPath: string
  readonly apiUrl: string
  readonly hubUrl: string
  readonly webhookBaseUrl: string
  readonly connection: KubernetesConnection
  readonly store: Store
  /** Stops pods, operator, hub and API server, in that order; nothing of it runs afterwards. */
  close(): Promise<void>
}

export const startDev = async ({
  stateDirectory: kept,
  databaseUrl,
  apiPort,
  hubPort,
  model,
  script,
  logger,
  hostEnvironment,
}: DevOptions): Promise<DevCluster> => {
  const stateDirectory = kept ?? (await mkdtemp(join(tmpdir(), 'swarm-')))
  const stack: (() => Promise<unknown>)[] = []
  if (kept === undefined) stack.push(() => rm(stateDirectory, { recursive: true, force: true }))
  const close = async () => {
    for (const undo of stack.splice(0).reverse()) await undo()
  }

  try {
    await makeStateDirectory(stateDirectory)
    const store = await openStore({
      databaseUrl,
      stateDirectory,
      // What is thrown away at the end need not survive the machine.
      outlives: kept === undefined ? 'the process' : 'the machine',
      clock: systemClock,
      logger,
    })
    stack.push(() => store.close())

    const kube = await startLocalKube({
      ...(kept === undefined ? {} : { directory: clusterIn(stateDirectory) }),
      port: apiPort,
      logger,
      nodeAgent: {
        images: [
          {
            match: imageRepository,
            command: [process.execPath, fileURLToPath(new URL('../../../bin/swarm.js', import.meta.url))],
          },
        ],
        stateDirectory: join(clusterIn(stateDirectory), 'node'),
        extraEnv: { ...hostEnvironment, ...overridingKey(model, hostEnvironment), ...compileCache() },
        longestShutdownMilliseconds: LONGEST_SHUTDOWN_MS,
      },
    })
    stack.push(() => kube.close())

    const connection = await connectKubernetes({ kubeconfig: kube.kubeconfig() })
    stack.push(() => connection.close())

    const scripted =
      model.type === 'scripted'
        ? await startScriptedModel({
            ...(script === undefined ? {} : { script }),
            host: '127.0.0.1',
            port: 0,
            log: (line) => logger.debug({}, line),
          })
        : undefined
    if (scripted !== undefined) stack.push(() => scripted.close())

    // Hub and operator need each other: agents get the hub's address, webhooks are looked up in the operator's caches.
    let operator: StartedOperator | undefined = undefined as StartedOperator | undefined
    const hub = await startHub({
      store,
      authenticator: createKubernetesAuthenticator({ resources: connection, clock: systemClock }),
      events: {
        find: async (event) => operator?.catalog.find(event),
        ended: async (run, signal) => operator?.catalog.ended(run, signal),
      },
      host: '127.0.0.1',
      port: hubPort,
      clock: systemClock,
      logger,
    })
    stack.push(() => hub.close())

    const override = modelOverride({ model, scriptedUrl: scripted?.url })
    const started = startOperator({
      resources: connection,
      store,
      clock: systemClock,
      logger,
      config: {
        agentImage: image,
        agentArgs: ['agent'],
        hubUrl: hub.url,
        webhookBaseUrl: hub.url,
        admission: { host: '127.0.0.1', port: 0 },
        ...(kube.nodeAgent === undefined
          ? {}
          : { notifications: { services: serviceResolver({ resolverUrl: kube.nodeAgent.resolverUrl }) } }),
        ...(override === undefined ? {} : { modelOverride: override }),
      },
    })
    operator = started
    stack.push(() => started.close())
    // Pods end first: an agent that still finds its hub and its model ends what it does, or hands it back, at once.
    stack.push(async () => kube.nodeAgent?.close())
    await Promise.all([started.ready, rehearseControlPlane(systemClock)])
    await publishEndpoints({
      resources: connection,
      hubUrl: hub.url,
      webhookBaseUrl: hub.url,
      ...(model.type === 'scripted' ? { modelOverride: 'scripted model' } : {}),
    })

    const kubeconfigPath = kubeconfigIn(stateDirectory)
    await writeFile(kubeconfigPath, kube.kubeconfig(), { mode: 0o600 })
    stack.push(() => rm(kubeconfigPath, { force: true }))

    return {
      stateDirectory,
      kubeconfigPath,
      apiUrl: kube.url,
      hubUrl: hub.url,
      webhookBaseUrl: hub.url,
      connection,
      store,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Pods have temporary directories of their own; without this each would compile every module anew. */
const compileCache = (): Readonly<Record<string, string>> => {
  const directory = getCompileCacheDir()
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: dirname(directory) }
}

/** The key belongs to the endpoint it was given with: it goes there, and no object holds it. */
const overridingKey = (
  model: ModelChoice,
  { OPENAI_API_KEY: key }: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  model.type === 'endpoint' && model.source === 'OPENAI_BASE_URL' && key !== undefined
    ? { [agentEnvironment.overridingApiKey]: key }
    : {}

const modelOverride = ({
  model,
  scriptedUrl,
}: {
  readonly model: ModelChoice
  readonly scriptedUrl: string | undefined
}) => {
  if (scriptedUrl !== undefined)
    return { baseUrl: scriptedUrl, provider: 'openai', label: 'the scripted model' }
  // Ollama on its own port is what agents' own settings point to already.
  if (model.type === 'endpoint' && model.source === 'OPENAI_BASE_URL')
    return { baseUrl: model.baseUrl, provider: 'openai', label: `OPENAI_BASE_URL ${model.baseUrl}` }
  return undefined
}
