// The approval of what a tool server offers: first what it would be, then the write, which changes the pin of that one
// server and nothing else of the agent's spec. It goes where applying a manifest does not drop it: into the map of pins,
// unless the manifest has one beside the server. (A list is replaced as a whole, by kubectl as by any merge patch.)

import { joinPath } from '../../api/field-path.ts'
import type { MCPToolSpec, SwarmAgent } from '../../api/v1alpha1/index.ts'
import { KubeswarmError } from '../../domain/error.ts'
import {
  type Approval,
  approvalOf,
  approvedToolsAnnotation,
  approvedToolsWith,
  pinIn,
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
  /** Field of the agent that holds the pin. */
  readonly field: string
  readonly tools: readonly (OfferedTool & {
    /** As models are shown it. */
    readonly description: string
    /** Argument names with their schemas, and what else the definition says, as JSON. */
    readonly words: readonly (readonly [of: string, json: string])[]
  })[]
  /** In this order; none where it is approved already. */
  readonly patches: readonly Patch[]
}

type Patch =
  | { readonly contentType: 'application/json-patch+json'; readonly body: readonly object[] }
  | { readonly contentType: 'application/merge-patch+json'; readonly body: MergePatch }

interface MergePatch {
  readonly metadata?: object
  readonly spec?: object
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
  const pin = pinIn(agent.spec.tools, server.name)
  const shown = offeredTools({ policy, server: server.name, address, definitions })
  return {
    agent: agent.metadata.name,
    server: server.name,
    digest,
    approval: approvalOf({ agent, server: server.name, definitions }),
    field: pin?.field ?? joinPath('spec.tools.pins', server.name),
    tools: shown.map((tool) => {
      const found = definitions.find(({ name }) => name === tool.tool)
      return {
        ...tool,
        description: visible(found?.description ?? ''),
        words: found === undefined ? [] : wordsOf(found),
      }
    }),
    patches: [
      ...(pin?.digest === digest ? [] : [pinPatch({ agent, server: server.name, digest })]),
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
  const apply = (patch: Patch): Promise<unknown> =>
    connection.transport.exchange({
      method: 'PATCH',
      path: `/apis/${agentType.group}/${agentType.version}/namespaces/${namespace}/${agentType.plural}/${name}`,
      query: { fieldManager: 'swarm-mcp-approve' },
      ...patch,
    })
  let { resourceVersion } = agent.metadata
  for (const patch of proposal.patches)
    for (let tries = 1; ; tries++) {
      try {
        await apply(writesPin(patch) ? ifUnchanged(patch, resourceVersion) : patch)
        break
      } catch (error) {
        // A failed test and a refused object have the same status: the object itself tells which it was.
        if (!(error instanceof KubernetesApiError) || ![409, 422].includes(error.status)) throw error
        const now = await connection.get<SwarmAgent>(agentType, { namespace, name })
        if (now !== undefined && pins(now) !== pins(agent)) throw overtaken(proposal, now, error)
        // Something else of it was changed, its status most often.
        if (now === undefined || error.status !== 409 || tries === TRIES) throw error
        resourceVersion = now.metadata.resourceVersion
      }
    }
}

const TRIES = 10

const writesPin = ({ contentType, body }: Patch): boolean =>
  contentType === 'application/merge-patch+json' && body.spec !== undefined

/** The API server answers 409 where the object is no longer of that version. */
const ifUnchanged = (patch: Patch, resourceVersion: string | undefined): Patch =>
  patch.contentType === 'application/merge-patch+json'
    ? { ...patch, body: { ...patch.body, metadata: { ...patch.body.metadata, resourceVersion } } }
    : patch

const overtaken = (
  { server }: ApprovalProposal,
  { metadata: { namespace, name } }: SwarmAgent,
  cause: unknown,
): KubeswarmError =>
  new KubeswarmError({
    code: 'InvalidInput',
    message: `cannot approve the tools of "${server}": servers or pins in spec.tools of SwarmAgent ${namespace}/${name} were changed meanwhile`,
    remedy: `look again: swarm mcp check ${name} -n ${namespace}`,
    cause,
  })

const pins = ({ spec: { tools } }: SwarmAgent): string =>
  JSON.stringify([(tools?.mcp ?? []).map(({ name, pin }) => [name, pin]), tools?.pins])

/** Fails where the servers have changed meanwhile, or somebody else has approved something. */
const pinPatch = ({
  agent,
  server,
  digest,
}: {
  readonly agent: SwarmAgent
  readonly server: string
  readonly digest: string
}): Patch => {
  const { mcp = [] } = agent.spec.tools ?? {}
  const index = mcp.findIndex(({ name }) => name === server)
  const before = mcp[index]?.pin
  if (before === undefined)
    return {
      contentType: 'application/merge-patch+json',
      body: { spec: { tools: { pins: { [server]: digest } } } },
    }
  const at = `/spec/tools/mcp/${index}`
  return {
    contentType: 'application/json-patch+json',
    body: [
      { op: 'test', path: `${at}/name`, value: server },
      { op: 'test', path: `${at}/pin`, value: before },
      { op: 'replace', path: `${at}/pin`, value: digest },
    ],
  }
}

/** A second write, because an agent may have no annotations yet; it is believed only where it adds up to the pin. */
const recordPatch = (record: string): Patch => ({
  contentType: 'application/merge-patch+json',
  body: { metadata: { annotations: { [approvedToolsAnnotation]: record } } },
})
