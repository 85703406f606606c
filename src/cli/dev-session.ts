// What `swarm dev` and `swarm demo` share: read a directory of manifests, find a model for it, start the embedded
// cluster, apply, and wait until everything is ready.

import pino from 'pino'
import type { KubernetesObject } from '../api/resource.ts'
import type { SwarmAgent } from '../api/v1alpha1/index.ts'
import { KubeswarmError } from '../domain/error.ts'
import type { ModelChoice } from '../domain/model/choose-model.ts'
import { applyManifest, inApplyOrder } from '../processes/dev/apply-manifests.ts'
import { findModel } from '../processes/dev/find-model.ts'
import { readManifests, type ReadManifests } from '../processes/dev/read-directory.ts'
import { startDev, type DevCluster } from '../processes/dev/start-dev.ts'
import { untilHopeless } from '../processes/dev/until-hopeless.ts'
import { untilEvery } from '../processes/dev/until-ready.ts'
import { KubernetesApiError } from '../ports/resources.ts'
import { refusalOf } from './exit.ts'
import { agentType } from './kinds.ts'
import type { Progress } from './output/progress.ts'

const providerKeys = [
  'OPENAI_API_KEY',
  'ANTHROPIC_API_KEY',
  'GEMINI_API_KEY',
  'ANTHROPIC_BASE_URL',
  'GEMINI_BASE_URL',
] as const

export interface DevSession {
  readonly cluster: DevCluster
  readonly model: ModelChoice
}

/** Reads manifests; any fault in any of them is an error that lists them all, before anything is started or applied. */
export const readAll = async (
  path: string,
  warn: (line: string) => void = () => {},
): Promise<ReadManifests['objects']> => {
  const manifests = await readManifests(path)
  const { lintManifests } = await import('./lint.ts')
  const findings = lintManifests(manifests)
  const faults = findings.filter(({ severity }) => severity === 'error')
  if (faults.length === 0) {
    for (const { severity, source, line, column, message } of findings)
      if (severity === 'warning') warn(`warning: ${source}:${line}:${column}: ${message}`)
    return manifests.objects
  }
  throw new KubeswarmError({
    code: 'InvalidManifest',
    message: faults
      .map(({ source, line, column, message }) => `${source}:${line}:${column}: ${message}`)
      .join('\n       '),
    remedy: `nothing was applied; correct the ${faults.length === 1 ? 'line' : 'lines'} above ("swarm lint ${path}" checks again)`,
  })
}

export const startSession = async ({
  objects,
  stateDirectory,
  databaseUrl,
  apiPort,
  hubPort,
  logLevel,
  script,
}: {
  readonly objects: readonly KubernetesObject[]
  readonly stateDirectory?: string
  readonly databaseUrl?: string
  readonly apiPort: number
  readonly hubPort: number
  readonly logLevel: string
  /** Asks for the scripted model by name or file of its script. */
  readonly script?: string
}): Promise<DevSession> => {
  const model: ModelChoice =
    script === undefined
      ? await findModel({ needed: openAiModels(objects), ...modelEnvironment() })
      : {
          type: 'scripted',
          reason: `asked for, script "${script}"`,
          remedy: 'leave out --script to look for a real one',
        }
  const cluster = await startDev({
    apiPort,
    hubPort,
    model,
    hostEnvironment: hostEnvironment(),
    ...(script === undefined ? {} : { script }),
    // Standard output belongs to the command; what the components say goes to standard error.
    logger: pino({ level: logLevel, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2)),
    ...(stateDirectory === undefined ? {} : { stateDirectory }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  })
  return { cluster, model }
}

const modelEnvironment = () => {
  const { OPENAI_BASE_URL: openaiBaseUrl, OPENAI_API_KEY: openaiApiKey } = process.env
  return {
    ...(openaiBaseUrl === undefined || openaiBaseUrl === '' ? {} : { openaiBaseUrl }),
    ...(openaiApiKey === undefined ? {} : { openaiApiKey }),
  }
}

const hostEnvironment = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    providerKeys.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )

/** Models that agents would ask of an OpenAI-compatible endpoint; the others have endpoints of their own. */
const openAiModels = (objects: readonly KubernetesObject[]): readonly string[] => [
  ...new Set(
    objects
      .filter(({ kind }) => kind === 'SwarmAgent')
      .map((object) => (object as unknown as SwarmAgent).spec.model)
      .filter((model) => !/^(claude-|gemini-)/.test(model)),
  ),
]

/** Applies everything but runs, which are started by people. Returns the namespaces touched. */
export const applyAll = async ({
  cluster,
  objects,
  progress,
}: {
  readonly cluster: DevCluster
  readonly objects: readonly KubernetesObject[]
  readonly progress: Progress
}): Promise<ReadonlySet<string>> => {
  const applied = inApplyOrder(objects.filter(({ kind }) => kind !== 'SwarmRun'))
  for (const object of applied) {
    progress.update(`applying ${object.kind} ${object.metadata.name}`)
    try {
      await applyManifest({ transport: cluster.connection.transport, object })
    } catch (error) {
      throw error instanceof KubernetesApiError ? notApplied(object, error) : error
    }
  }
  return new Set(
    applied.map(({ kind, metadata }) =>
      kind === 'Namespace' ? metadata.name : (metadata.namespace ?? 'default'),
    ),
  )
}

const notApplied = ({ kind, metadata }: KubernetesObject, error: KubernetesApiError): KubeswarmError => {
  const { code, message, remedy } = refusalOf(error)
  const where = metadata.namespace === undefined ? '' : `${metadata.namespace}/`
  return new KubeswarmError({
    code,
    message: `cannot apply ${kind} ${where}${metadata.name}: ${message}`,
    ...(remedy === undefined ? {} : { remedy }),
    cause: error,
  })
}

/** Waits until every Deployment and every SwarmAgent in the namespaces is ready. */
export const untilReady = async ({
  cluster,
  namespaces,
  progress,
  signal,
}: {
  readonly cluster: DevCluster
  readonly namespaces: ReadonlySet<string>
  readonly progress: Progress
  readonly signal: AbortSignal
}): Promise<{ readonly agents: readonly SwarmAgent[]; readonly troubles: readonly string[] }> => {
  const resources = cluster.connection
  const enough = new AbortController()
  const either = AbortSignal.any([signal, enough.signal])
  const everyOne = Promise.all([
    untilEvery<SwarmAgent>({
      resources,
      type: agentType,
      namespaces,
      is: ({ metadata, status }) =>
        status?.observedGeneration === metadata.generation &&
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
      onProgress: ({ ready, total }) => progress.update(`agents ready: ${ready}/${total}`),
      signal: either,
    }),
    untilEvery<DeploymentLike>({
      resources,
      type: { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true },
      namespaces,
      is: ({ spec, status }) => (status?.readyReplicas ?? 0) >= (spec.replicas ?? 1),
      signal: either,
    }),
  ])
  try {
    return await Promise.race([
      everyOne.then(([agents]) => ({ agents, troubles: [] })),
      untilHopeless({ resources, namespaces, signal: either }).then((troubles) => ({ agents: [], troubles })),
    ])
  } finally {
    enough.abort()
    await everyOne.catch(() => undefined)
  }
}

interface DeploymentLike extends KubernetesObject {
  readonly spec: { readonly replicas?: number }
  readonly status?: { readonly readyReplicas?: number }
}
