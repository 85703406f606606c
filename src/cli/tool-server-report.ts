// What `swarm mcp check` says of one tool server, for people and for programs.

import { refusalOf } from './exit.ts'
import type { MCPToolSpec, SwarmAgent } from '../api/v1alpha1/index.ts'
import { isKubeswarmError, type ErrorCode } from '../domain/error.ts'
import { type Approval, approvalOf } from '../domain/guardrail/approved-tools.ts'
import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import { type OfferedTool, offeredTools } from '../domain/guardrail/offered-tools.ts'
import { toolsetDigest } from '../domain/guardrail/toolset.ts'
import { KubernetesApiError } from '../ports/resources.ts'
import type { Cluster } from './session/cluster.ts'
import { askToolServer, type ToolServerAnswer } from './session/tool-server.ts'

export type ToolServerReport =
  | {
      readonly type: 'failed'
      readonly server: string
      readonly url: string
      readonly error: {
        readonly code: ErrorCode
        readonly message: string
        readonly remedy?: string | undefined
      }
    }
  | {
      readonly type: 'answered'
      readonly server: string
      readonly url: string
      readonly way: ToolServerAnswer['way']
      readonly transport: 'streamable-http' | 'sse' | 'legacy-rest' | undefined
      readonly protocol: { readonly revision: string; readonly era: 'modern' | 'legacy' } | undefined
      readonly milliseconds: number
      /** Of all that it offers. */
      readonly digest: string
      readonly approval: Approval
      /** What to do where it is not what was approved. */
      readonly remedy: readonly string[]
      readonly tools: readonly OfferedTool[]
    }

export const reportToolServer = async ({
  cluster,
  agent,
  server,
  policy,
  at,
}: {
  readonly cluster: Cluster
  readonly agent: SwarmAgent
  readonly server: MCPToolSpec
  readonly policy: EffectivePolicy
  readonly at: string | undefined
}): Promise<ToolServerReport> => {
  const about = { server: server.name, url: server.url ?? '' }
  try {
    const answer = await askToolServer({ cluster, agent, server, policy, at })
    const { definitions, dialect, milliseconds, way, address } = answer
    const approval = approvalOf({ agent, server: server.name, definitions })
    return {
      type: 'answered',
      ...about,
      way,
      transport: dialect?.transport,
      protocol: dialect?.protocol,
      milliseconds,
      digest: toolsetDigest(definitions),
      approval,
      remedy:
        approval.type === 'changed'
          ? [
              `look at what changed; if it is wanted: swarm mcp approve ${agent.metadata.name} ${shellWord(server.name)} -n ${cluster.namespace}`,
            ]
          : [],
      tools: offeredTools({ policy, server: server.name, address, definitions }),
    }
  } catch (error) {
    const known = error instanceof KubernetesApiError ? refusalOf(error) : error
    if (!isKubeswarmError(known)) throw error
    const { code, message, remedy } = known
    return { type: 'failed', ...about, error: { code, message, remedy } }
  }
}

export const shellWord = (text: string): string =>
  /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
