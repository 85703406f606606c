// A tool server of an agent, asked from where the command runs what it would tell the agent: with the agent's
// credential, which the caller must be allowed to read, and never printed.

import { connectToolServer } from '../../adapters/mcp/connect-tool-server.ts'
import { clientCertificate } from '../../adapters/mcp/client-certificate.ts'
import type { SpokenDialect } from '../../adapters/mcp/mcp-tool-server.ts'
import { addressGuard } from '../../adapters/http/address-guard.ts'
import { createFetch, type HttpClient } from '../../adapters/http/create-fetch.ts'
import { serviceFetch, serviceOf } from '../../adapters/kubernetes/service-fetch.ts'
import type { MCPToolSpec, SwarmAgent } from '../../api/v1alpha1/index.ts'
import { KubeswarmError } from '../../domain/error.ts'
import type { EffectivePolicy, ServerAddress } from '../../domain/guardrail/effective-policy.ts'
import { serverDenied } from '../../domain/guardrail/server-rules.ts'
import type { SecretFile, ToolServerSetting } from '../../domain/workload/agent-environment.ts'
import { planToolServers } from '../../domain/workload/tool-server-settings.ts'
import { secrets, type Secret } from '../../operator/builtin-kinds.ts'
import type { ToolDefinition } from '../../ports/tool-server.ts'
import type { Cluster } from './cluster.ts'

export interface ToolServerAnswer {
  readonly definitions: readonly ToolDefinition[]
  readonly dialect: SpokenDialect | undefined
  /** From the first packet to the last tool. */
  readonly milliseconds: number
  readonly way: 'direct' | 'api-server'
  /** As the policy judges it: where the agent goes. */
  readonly address: ServerAddress
}

interface Question {
  readonly cluster: Cluster
  readonly agent: SwarmAgent
  readonly server: MCPToolSpec
  readonly policy: EffectivePolicy
  /** Another address of the same server, as a port-forward gives it. */
  readonly at: string | undefined
}

/** Throws what kept it from answering, and `PolicyDenied` where the agent may not contact it either. */
export const askToolServer = async (question: Question): Promise<ToolServerAnswer> => {
  const { policy, server, at } = question
  const denied = serverDenied({ policy, server: server.name })
  if (denied !== undefined)
    throw new KubeswarmError({
      code: 'PolicyDenied',
      message: denied.message,
      ...(denied.remedy === undefined ? {} : { remedy: denied.remedy }),
    })
  const { setting, credential } = await settingOf(question)
  const address = {
    url: setting.url,
    authenticated: setting.auth !== undefined || setting.mtls !== undefined,
  }
  const asked = at === undefined ? setting : { ...setting, url: at }
  const { http, way } = wayTo({ ...question, setting: asked, credential })
  const connected = connectToolServer({ setting: asked, credential, fetch: http.fetch })
  const began = performance.now()
  try {
    const definitions = await connected.listTools({ signal: AbortSignal.timeout(patienceMs) })
    const milliseconds = Math.round(performance.now() - began)
    return { definitions, dialect: connected.dialect(), milliseconds, way, address }
  } finally {
    await connected.close()
    await http.close()
  }
}

const patienceMs = 20_000

const settingOf = async ({
  cluster: { connection, namespace },
  agent,
  server,
  policy,
}: Question): Promise<{
  readonly setting: ToolServerSetting
  readonly credential: (file: SecretFile) => string | undefined
}> => {
  const { serverRules } = policy.tools
  const alone = { ...agent, spec: { ...agent.spec, tools: { mcp: [server] } } }
  const names = new Set(planToolServers({ agent: alone, serverRules }).files.map(({ secret }) => secret))
  const found = new Map(
    await Promise.all(
      [...names].map(
        async (name) => [name, await connection.get<Secret>(secrets, { namespace, name })] as const,
      ),
    ),
  )
  const onlyKey = (secret: string): string | undefined => {
    const keys = Object.keys(found.get(secret)?.data ?? {})
    return keys.length === 1 ? keys[0] : undefined
  }
  const {
    settings: [setting],
    errors: [fault],
  } = planToolServers({ agent: alone, serverRules, onlyKey })
  if (setting === undefined)
    throw new KubeswarmError({
      code: 'InvalidManifest',
      message: `cannot ask tool server "${server.name}" of SwarmAgent ${agent.metadata.name}: ${fault?.message ?? 'it has no address'}`,
      ...(fault?.remedy === undefined ? {} : { remedy: fault.remedy }),
    })
  const credential = ({ secret, key }: SecretFile): string | undefined => {
    const value = found.get(secret)?.data?.[key]
    return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8')
  }
  return { setting, credential }
}

const wayTo = ({
  cluster: { connection, namespace },
  setting,
  credential,
}: Question & {
  readonly setting: ToolServerSetting
  readonly credential: (file: SecretFile) => string | undefined
}): { readonly http: HttpClient; readonly way: ToolServerAnswer['way'] } => {
  const { mtls } = setting
  const host = URL.parse(setting.url)?.hostname ?? ''
  const service = serviceOf(host, namespace)
  if (service === undefined)
    return {
      way: 'direct',
      http: createFetch({
        guard: addressGuard({ mayBePrivate: () => setting.isListed === true }),
        ...(mtls === undefined ? {} : { tls: clientCertificate({ mtls, credential }) }),
      }),
    }
  if (mtls !== undefined)
    throw new KubeswarmError({
      code: 'ToolServerUnauthorized',
      message: `cannot show the agent's client certificate to tool server "${setting.name}" at ${setting.url}: it is reached through the API server, which shows its own`,
      remedy: `kubectl -n ${service.namespace} port-forward service/${service.name}, and ask again with --at`,
    })
  return {
    way: 'api-server',
    http: {
      fetch: serviceFetch({ transport: connection.transport, service }),
      close: () => Promise.resolve(),
    },
  }
}
