// The approval of what a tool server offers: first what it would be, then the write, which changes the pin of that one
// server and nothing else of the agent's spec.

import type { MCPToolSpec, SwarmAgent } from '../../api/v1alpha1/index.ts'
import { KubeswarmError } from '../../domain/error.ts'
import {
  type Approval,
  approvalOf,
  approvedToolsAnnotation,
  approvedToolsWith,
  pinOf,
} from '../../domain/guardrail/approved-tools.ts'
import type { EffectivePolicy } from '../../domain/guardrail/effective-policy.ts'
import { type OfferedTool, offeredTools } from '../../domain/guardrail/offered-tools.ts'
import { toolsetDigest } from '../../domain/guardrail/toolset.ts'
import { visibleStrings } from '../../domain/guardrail/visible-text.ts'
import { visible } from '../../domain/hidden-characters.ts'
import { KubernetesApiError } from '../../ports/resources.ts'
import type { ToolDefinition } from '../../ports/tool-server.ts'
import { agentType } from '../kinds.ts'
import type { Cluster } from './cluster.ts'
import { askToolServer } from './tool-server.ts'

export interface ApprovalProposal {
  readonly agent: string
  readonly server: string
  readonly digest: string
  readonly approval: Approval
  readonly tools: readonly (OfferedTool & {
    /** As models are shown it. */
    readonly description: string
    /** Argument names with their schemas, and what else the definition says, as JSON. */
    readonly words: readonly (readonly [of: string, json: string])[]
  })[]
  /** In this order; none where it is approved already. */
  readonly patches: readonly Patch[]
}

interface Patch {
  readonly contentType: 'application/json-patch+json' | 'application/merge-patch+json'
  readonly body: unknown
}

/** Asks the server. Throws `ToolDefinitionChanged` where it offers something else than `digest`. */
export const proposeApproval = async ({
  digest: wanted,
  ...question
}: {
  readonly cluster: Cluster
  readonly agent: SwarmAgent
  readonly server: MCPToolSpec
  readonly policy: EffectivePolicy
  readonly at: string | undefined
  readonly digest: string | undefined
}): Promise<ApprovalProposal> => {
  const { agent, server, policy } = question
  const { definitions, address } = await askToolServer(question)
  const digest = toolsetDigest(definitions)
  if (wanted !== undefined && wanted !== digest)
    throw new KubeswarmError({
      code: 'ToolDefinitionChanged',
      message: `cannot approve ${wanted} of tool server "${server.name}": it offers ${digest} now`,
      remedy: `look at it with "swarm mcp check ${agent.metadata.name} ${server.name}" before approving`,
    })
  const record = approvedToolsWith({ agent, server: server.name, definitions })
  const shown = offeredTools({ policy, server: server.name, address, definitions })
  return {
    agent: agent.metadata.name,
    server: server.name,
    digest,
    approval: approvalOf({ agent, server: server.name, definitions }),
    tools: shown.map((tool) => {
      const found = definitions.find(({ name }) => name === tool.tool)
      return {
        ...tool,
        description: visible(found?.description ?? ''),
        words: found === undefined ? [] : wordsOf(found),
      }
    }),
    patches: [
      ...(pinOf(agent, server.name) === digest ? [] : [pinPatch({ agent, server: server.name, digest })]),
      ...(agent.metadata.annotations?.[approvedToolsAnnotation] === record ? [] : [recordPatch(record)]),
    ],
  }
}

const wordsOf = ({
  inputSchema,
  annotations,
}: ToolDefinition): readonly (readonly [of: string, json: string])[] => {
  const { properties = {}, ...rest } = inputSchema
  const { $schema: _, type: __, ...others } = rest
  return [
    ...Object.entries(properties as object).map(([name, schema]) => [`argument ${name}`, schema] as const),
    ...(Object.keys(others).length === 0 ? [] : [['all arguments', others] as const]),
    ...(annotations === undefined ? [] : [['hints', annotations] as const]),
  ].map(([of, value]) => [of, JSON.stringify(visibleStrings(value))] as const)
}

/** Throws `InvalidInput` where somebody else has changed the servers of the agent since the proposal. */
export const approveTools = async ({
  cluster: { connection, namespace },
  agent,
  proposal,
}: {
  readonly cluster: Cluster
  readonly agent: SwarmAgent
  readonly proposal: ApprovalProposal
}): Promise<void> => {
  const { name } = agent.metadata
  try {
    for (const patch of proposal.patches)
      await connection.transport.exchange({
        method: 'PATCH',
        path: `/apis/${agentType.group}/${agentType.version}/namespaces/${namespace}/${agentType.plural}/${name}`,
        query: { fieldManager: 'swarm-mcp-approve' },
        ...patch,
      })
  } catch (error) {
    // A failed test and a refused object have the same status: the object itself tells which it was.
    if (!(error instanceof KubernetesApiError) || error.status !== 422) throw error
    const now = await connection.get<SwarmAgent>(agentType, { namespace, name })
    if (now === undefined || pins(now) === pins(agent)) throw error
    throw new KubeswarmError({
      code: 'InvalidInput',
      message: `cannot approve the tools of "${proposal.server}": SwarmAgent ${namespace}/${name} spec.tools.mcp was changed meanwhile`,
      remedy: `look again: swarm mcp check ${name} -n ${namespace}`,
      cause: error,
    })
  }
}

const pins = ({ spec }: SwarmAgent): string =>
  JSON.stringify((spec.tools?.mcp ?? []).map(({ name, pin }) => [name, pin]))

/** Fails where the list has moved meanwhile, or somebody else has approved something. */
const pinPatch = ({
  agent,
  server,
  digest,
}: {
  readonly agent: SwarmAgent
  readonly server: string
  readonly digest: string
}): Patch => {
  const at = `/spec/tools/mcp/${(agent.spec.tools?.mcp ?? []).findIndex(({ name }) => name === server)}`
  const before = pinOf(agent, server)
  return {
    contentType: 'application/json-patch+json',
    body: [
      { op: 'test', path: `${at}/name`, value: server },
      ...(before === undefined ? [] : [{ op: 'test', path: `${at}/pin`, value: before }]),
      { op: 'add', path: `${at}/pin`, value: digest },
    ],
  }
}

/** A second write, because an agent may have no annotations yet; it is believed only where it adds up to the pin. */
const recordPatch = (record: string): Patch => ({
  contentType: 'application/merge-patch+json',
  body: { metadata: { annotations: { [approvedToolsAnnotation]: record } } },
})
