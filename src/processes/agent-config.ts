// What an agent process needs to know, read once from its environment. Every fault names its variable.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KubeswarmError } from '../domain/error.ts'
import type { KnownSecret } from '../domain/guardrail/known-secrets.ts'
import {
  agentEnvironment,
  agentPort,
  type SecretFile,
  type ToolServerSetting,
} from '../domain/workload/agent-environment.ts'
import { heldSecrets } from './held-secrets.ts'
import { listenHost } from './listen-host.ts'
import { whileMounted } from './while-mounted.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface AgentConfig {
  readonly agent: { readonly namespace: string; readonly name: string }
  /** Names this process in the journal. */
  readonly holder: string
  readonly model: string
  readonly modelSettings: {
    readonly provider?: string
    readonly openaiBaseUrl?: string
    readonly openaiApiKey?: string
    readonly anthropicBaseUrl?: string
    readonly anthropicApiKey?: string
    readonly geminiBaseUrl?: string
    readonly geminiApiKey?: string
  }
  /** Files whose texts follow each other in the system prompt. */
  readonly systemPromptPaths: readonly string[]
  readonly temperature?: number
  readonly toolServers: readonly ToolServerSetting[]
  /** Text of a mounted secret that a tool server's setting names, as it is now. */
  readonly credential: (file: SecretFile) => string | undefined
  /** Values that no tool may be given, and that nothing the agent tells may contain, as they are now. */
  readonly secrets: () => readonly KnownSecret[]
  readonly concurrentTasks: number
  readonly drainSeconds: number
  readonly hubUrl: string
  readonly hubTokenPath: string
  readonly port: number
  /** Where the probes are answered. */
  readonly host: string
  readonly logLevel: string
  /** Where Service names of local-kube are looked up; unset in a cluster, whose DNS knows them. */
  readonly resolverUrl?: string
  /** File with the boundary at which this process dies; see `crash-points/`. */
  readonly crashPlan?: string
}

export const agentConfigFromEnvironment = (environment: Environment): AgentConfig => {
  const variables = agentEnvironment
  const read = (variable: string): string | undefined => {
    const value = environment[variable]?.trim()
    return value === '' ? undefined : value
  }
  const required = (variable: string, what: string): string => {
    const value = read(variable)
    if (value !== undefined) return value
    throw new KubeswarmError({
      code: 'InvalidInput',
      message: `cannot start the agent: ${variable} is not set`,
      remedy: `set ${variable} to ${what}; in a cluster the operator does it`,
    })
  }
  const count = (variable: string, otherwise: number, least: number): number => {
    const text = read(variable)
    if (text === undefined) return otherwise
    const value = Number(text)
    if (Number.isInteger(value) && value >= least) return value
    throw new KubeswarmError({
      code: 'InvalidInput',
      message: `cannot start the agent: ${variable} is "${text}"`,
      remedy: `set ${variable} to a whole number of at least ${least}, or leave it out`,
    })
  }
  const name = required(variables.name, 'the name of the SwarmAgent')
  const rules = read(variables.systemPromptRulesPath)
  const preamble = read(variables.systemPromptPreamblePath)
  const temperature = Number(read(variables.temperature) ?? NaN)
  const toolServers = toolServersFrom(read(variables.toolServers))
  const credential = (file: SecretFile): string | undefined =>
    secretText(read(variables.toolSecretsPath), file)
  const resolverUrl = read('LOCAL_KUBE_RESOLVER')
  const crashPlan = read('KUBESWARM_CRASH_PLAN')
  const settings = {
    provider: read(variables.provider),
    openaiBaseUrl: read(variables.openaiBaseUrl),
    openaiApiKey: read(variables.overridingApiKey) ?? read(variables.openaiApiKey),
    anthropicBaseUrl: read(variables.anthropicBaseUrl),
    anthropicApiKey: read(variables.anthropicApiKey),
    geminiBaseUrl: read(variables.geminiBaseUrl),
    geminiApiKey: read(variables.geminiApiKey),
  }
  return {
    agent: { namespace: required(variables.namespace, 'the namespace of the SwarmAgent'), name },
    holder: read(variables.podName) ?? `${name}-${process.pid}`,
    model: required(variables.model, 'the name of a model'),
    modelSettings: present(settings),
    systemPromptPaths: [
      ...(preamble === undefined ? [] : [preamble]),
      required(variables.systemPromptPath, 'the file with the system prompt'),
      ...(rules === undefined ? [] : [rules]),
    ],
    ...(Number.isNaN(temperature) ? {} : { temperature }),
    toolServers,
    credential,
    secrets: whileMounted(read(variables.toolSecretsPath), () =>
      heldSecrets({ environment, toolServers, credential }),
    ),
    concurrentTasks: count(variables.concurrentTasks, 5, 1),
    drainSeconds: count(variables.drainSeconds, 140, 0),
    hubUrl: required(variables.hubUrl, 'the URL of the hub'),
    hubTokenPath: required(variables.hubTokenPath, 'the file with the ServiceAccount token for the hub'),
    port: count(variables.port, agentPort, 0),
    host: listenHost(environment),
    logLevel: read(variables.logLevel) ?? 'info',
    ...(resolverUrl === undefined ? {} : { resolverUrl }),
    ...(crashPlan === undefined ? {} : { crashPlan }),
  }
}

const secretText = (directory: string | undefined, { file }: SecretFile): string | undefined => {
  if (directory === undefined) return undefined
  try {
    return readFileSync(join(directory, file), 'utf8')
  } catch {
    return undefined
  }
}

const present = <T extends object>(values: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>
  }

const transports: readonly ToolServerSetting['transport'][] = [
  'auto',
  'streamable-http',
  'sse',
  'legacy-rest',
]

const toolServersFrom = (text: string | undefined): readonly ToolServerSetting[] => {
  if (text === undefined) return []
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw badToolServers('it is not JSON', cause)
  }
  if (!Array.isArray(value)) throw badToolServers('it is not a list')
  const settings = value.map((item: unknown, index) => toolServerFrom(item, index))
  const names = new Set(settings.map(({ name }) => name))
  // Permissions are given to names: two servers of one name would share them.
  if (names.size < settings.length) throw badToolServers('two servers have the same name')
  return settings
}

const toolServerFrom = (item: unknown, index: number): ToolServerSetting => {
  const {
    name,
    url,
    transport = 'auto',
    onUnavailable = 'fail',
    headers = [],
    ...rest
  } = (typeof item === 'object' && item !== null ? item : {}) as Partial<ToolServerSetting>
  if (typeof name !== 'string' || name === '' || name.includes('/')) {
    throw badToolServers(`entry ${index} has no usable name`)
  }
  if (typeof url !== 'string' || !URL.canParse(url))
    throw badToolServers(`server "${name}" has no usable url`)
  if (!transports.includes(transport))
    throw badToolServers(`server "${name}" has the unknown transport "${transport}"`)
  return {
    ...rest,
    name,
    url,
    transport,
    onUnavailable: onUnavailable === 'degrade' ? 'degrade' : 'fail',
    headers,
  }
}

const badToolServers = (why: string, cause?: unknown): KubeswarmError =>
  new KubeswarmError({
    code: 'InvalidInput',
    message: `cannot start the agent: ${agentEnvironment.toolServers} cannot be used: ${why}`,
    remedy: 'correct spec.tools.mcp of the SwarmAgent',
    cause,
  })
