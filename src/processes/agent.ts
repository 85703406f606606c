// swarm agent: the process in an agent's pod. Answers its probes before anything heavy is loaded, then wires model,
// tools and hub into a worker. Decides nothing about tasks itself.

import { readFile } from 'node:fs/promises'
import type { HubClient } from '../adapters/hub-client/hub-client.ts'
import type { HttpClient } from '../adapters/http/create-fetch.ts'
import type { HostResolver } from '../adapters/http/service-resolver.ts'
import { startHealth } from '../agent/health.ts'
import type { ToolServerBinding } from '../agent/pin-tools.ts'
import { inputFault } from '../domain/guardrail/input-schema.ts'
import type { ToolServerSetting } from '../domain/workload/agent-environment.ts'
import { KubeswarmError } from '../domain/error.ts'
import type { LanguageModel } from '../ports/language-model.ts'
import type { Logger } from '../ports/logger.ts'
import type { TaskSource } from '../ports/task-source.ts'
import { agentConfigFromEnvironment, type AgentConfig, type Environment } from './agent-config.ts'
import { systemClock } from './system-clock.ts'
import { version } from './version.ts'

export { agentConfigFromEnvironment, type AgentConfig } from './agent-config.ts'

/** Longer, and a slow tool server would keep the agent from being ready. */
const WARM_UP_MS = 1500

export interface RunningAgent {
  readonly healthUrl: string
  /** Ends in good order: readiness first, running tasks next, what is left is handed back. */
  close(): Promise<void>
}

export const startAgent = async (config: AgentConfig): Promise<RunningAgent> => {
  let isReady = (): boolean => false
  const health = await startHealth({ port: config.port, host: config.host, isReady: () => isReady() })
  try {
    const { worker, release } = await startWork(config)
    isReady = () => worker.isTaking()
    return {
      healthUrl: `http://${config.host === '0.0.0.0' ? '127.0.0.1' : config.host}:${health.port}`,
      close: async () => {
        await worker.drain(config.drainSeconds * 1000)
        await release()
        await health.close()
      },
    }
  } catch (error) {
    await health.close()
    throw error
  }
}

/** The command: runs until a signal asks it to end. */
export const runAgent = async (environment: Environment): Promise<void> => {
  const config = agentConfigFromEnvironment(environment)
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
  })
  const agent = await startAgent(config)
  await stopped
  await agent.close()
}

const TOOL_CONNECT_TIMEOUT_MS = 5000

// Everything heavy is loaded in here, after the probes answer.
const startWork = async (config: AgentConfig) => {
  const [
    { createLogger },
    { startWorker },
    { modelPacer },
    { connectHub },
    { tokenFile },
    { createLanguageModel },
    { connectToolServer },
    { clientCertificate },
    { createFetch },
    { addressGuard },
    { redactingPorts },
    { rehearse },
  ] = await Promise.all([
    import('./logger.ts'),
    import('../agent/worker.ts'),
    import('../agent/model-pacer.ts'),
    import('../adapters/hub-client/hub-client.ts'),
    import('../adapters/hub-client/token-file.ts'),
    import('../adapters/ai-sdk/create-language-model.ts'),
    import('../adapters/mcp/connect-tool-server.ts'),
    import('../adapters/mcp/client-certificate.ts'),
    import('../adapters/http/create-fetch.ts'),
    import('../adapters/http/address-guard.ts'),
    import('../agent/redaction/redacting-ports.ts'),
    import('../agent/rehearse.ts'),
  ])
  const resolver = await resolverOf(config)
  const random = Math.random
  const clock = systemClock
  // Where the model is, its Secret says; that may be anywhere but where credentials are handed out.
  const modelHttp = createFetch({
    ...(resolver === undefined ? {} : { resolver }),
    guard: addressGuard({ mayBePrivate: () => true }),
  })
  const model = createLanguageModel({
    model: config.model,
    settings: config.modelSettings,
    fetch: modelHttp.fetch,
  })
  const listed = new Set(
    config.toolServers.filter(({ isListed }) => isListed === true).map(({ url }) => new URL(url).hostname),
  )
  const toolOptions = {
    ...(resolver === undefined ? {} : { resolver }),
    guard: addressGuard({ mayBePrivate: (host) => listed.has(host) }),
    connectTimeoutMs: TOOL_CONNECT_TIMEOUT_MS,
  }
  const toolHttp = createFetch(toolOptions)
  // A server's certificate is shown to no other: each that has one gets connections of its own.
  const httpOf = ({ mtls }: ToolServerSetting): HttpClient =>
    mtls === undefined
      ? toolHttp
      : createFetch({
          ...toolOptions,
          tls: clientCertificate({ mtls, credential: config.credential }),
        })
  const toolClients = config.toolServers.map((setting) => ({ setting, http: httpOf(setting) }))
  const servers = toolClients.map(({ setting, http }): ToolServerBinding => ({
    server: connectToolServer({ setting, credential: config.credential, fetch: http.fetch }),
    onUnavailable: setting.onUnavailable,
    address: { url: setting.url, authenticated: setting.auth !== undefined || setting.mtls !== undefined },
    onlyByTasks: setting.onlyByTasks === true,
  }))
  const hub = connectHub({
    url: config.hubUrl,
    token: tokenFile(config.hubTokenPath),
    clock,
    random,
    ...(resolver === undefined ? {} : { resolver }),
  })
  await Promise.all([warmUp({ model, servers, hub }), rehearse({ clock, random, secrets: config.secrets })])
  const ways = await waysOut({ config, source: hub, model, servers })
  const log = createLogger({ level: config.logLevel, name: 'agent' })
  const clean = redactingPorts({ ...ways, log }, config.secrets)
  const worker = startWorker({
    source: clean.source,
    holder: config.holder,
    agent: config.agent.name,
    concurrentTasks: config.concurrentTasks,
    tools: {
      access: {
        model: clean.model,
        modelName: config.model,
        ...(config.temperature === undefined ? {} : { temperature: config.temperature }),
        systemPrompt: await systemPromptOf(config),
        pacer: modelPacer({ clock, random }),
      },
      servers: clean.servers,
      clock,
      random,
      secrets: config.secrets,
    },
    log: clean.log,
  })
  announce({ config, endpoint: model.endpoint, log: clean.log })
  const release = async (): Promise<void> => {
    await Promise.allSettled([
      ...servers.map(({ server }) => server.close()),
      hub.close(),
      modelHttp.close(),
      ...new Set([toolHttp, ...toolClients.map(({ http }) => http)].map((http) => http.close())),
    ])
  }
  return { worker, release }
}

interface WaysOut {
  readonly source: TaskSource
  readonly model: LanguageModel
  readonly servers: readonly ToolServerBinding[]
}

const waysOut = async ({ config, ...ways }: WaysOut & { readonly config: AgentConfig }): Promise<WaysOut> => {
  const { crashPlan, agent } = config
  if (crashPlan === undefined) return ways
  const { crashingAgent } = await import('./crash-points/crashing-agent.ts')
  return crashingAgent({ ...ways, path: crashPlan, agent: agent.name })
}

/** No task should pay for loading a package or opening the first connection. What is not up yet is met by the task. */
const warmUp = async ({
  model,
  servers,
  hub,
}: {
  readonly model: LanguageModel
  readonly servers: readonly ToolServerBinding[]
  readonly hub: HubClient
}): Promise<void> => {
  const signal = AbortSignal.timeout(WARM_UP_MS)
  const compileTools = async ({ server }: ToolServerBinding): Promise<void> => {
    for (const { inputSchema } of await server.listTools({ signal })) inputFault(inputSchema, {})
  }
  // No text has these hashes: the questions ask for nothing and open two connections, one for the wait for tasks and one
  // for a task's records.
  const reachHub = async (): Promise<void> => {
    for (const pair of ['01', '23', '45', '67'])
      await Promise.all([...pair].map((digit) => hub.content(digit.repeat(64))))
  }
  await Promise.allSettled([
    model.prepare?.(),
    ...servers.filter(({ onlyByTasks }) => onlyByTasks !== true).map(compileTools),
    Promise.race([reachHub(), ended(signal)]),
  ])
}

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

const announce = ({
  config,
  endpoint,
  log,
}: {
  readonly config: AgentConfig
  readonly endpoint: string
  readonly log: Logger
}): void =>
  log.info(
    {
      agent: config.agent.name,
      namespace: config.agent.namespace,
      model: config.model,
      endpoint,
      hub: config.hubUrl,
      servers: config.toolServers.map(({ name }) => name),
      concurrentTasks: config.concurrentTasks,
      version,
    },
    'agent started',
  )

const resolverOf = async ({ resolverUrl }: AgentConfig): Promise<HostResolver | undefined> => {
  if (resolverUrl === undefined) return undefined
  const { serviceResolver } = await import('../adapters/http/service-resolver.ts')
  return serviceResolver({ resolverUrl })
}

const systemPromptOf = async ({ systemPromptPaths }: AgentConfig): Promise<string> => {
  const texts = await Promise.all(
    systemPromptPaths.map(async (path) => {
      try {
        return (await readFile(path, 'utf8')).trim()
      } catch (cause) {
        throw new KubeswarmError({
          code: 'NotFound',
          message: `cannot start the agent: cannot read its system prompt from "${path}"`,
          remedy: 'check AGENT_SYSTEM_PROMPT_PATH and the volume it points into',
          cause,
        })
      }
    }),
  )
  return texts.join('\n\n')
}
