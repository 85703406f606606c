// SwarmAgent: who works. A model, a prompt, tools, guardrails, and the pods that run it.

import {
  aliasOf,
  choice,
  described,
  flag,
  integer,
  list,
  object,
  optional,
  text,
  texts,
  time,
  type TypeOf,
} from '../schema.ts'
import { ageColumn, type KindDefinition } from '../definition.ts'
import type { KubernetesObject } from '../resource.ts'
import { AgentCapability, AgentConnection } from './capabilities.ts'
import { conditions, observedGeneration } from './conditions.ts'
import { GatewayConfig } from './gateway.ts'
import { AgentGuardrails } from './guardrails.ts'
import { AgentInfrastructure, infrastructureFields } from './infrastructure.ts'
import { AgentObservability } from './observability.ts'
import { AgentPrompt } from './prompt.ts'
import { LocalObjectReference } from './references.ts'
import { type ApiVersion, swarmAgents } from './resources.ts'
import { DefaultedAgentRuntime } from './runtime.ts'
import { AgentTools, toolTrustLevels } from './tools.ts'
import { TokenUsage } from './usage.ts'

const reasoningEfforts = ['Low', 'Medium', 'High'] as const

const ReasoningConfig = object('Hidden reasoning of models that offer it.', {
  mode: optional(
    choice(
      ['Disabled', 'Auto', 'Explicit'],
      '`Auto` leaves it to the model, `Explicit` uses the fields below.',
      {
        default: 'Disabled',
      },
    ),
  ),
  effort: optional(choice(reasoningEfforts, 'How hard to think.')),
  budgetTokens: optional(integer('Tokens the model may think with.', { minimum: 1024, maximum: 200000 })),
})

const bothSpellings = (field: string) => ({
  rule: `!(has(self.${field}) && has(self.infrastructure) && has(self.infrastructure.${field}))`,
  message: `${field} is another spelling of infrastructure.${field}: set one of the two`,
})

/** At the top of spec these stand without a default: a default would say that the user wrote the other spelling. */
const { networkPolicy: _defaulted, ...undefaulted } = infrastructureFields
const topOfSpec = {
  ...undefaulted,
  networkPolicy: choice(['default', 'strict', 'disabled'], ''),
}

export const SwarmAgentSpecSchema = object(
  'What the agent is and may do.',
  {
    model: text(
      'Name of the model. `claude-*`, `gpt-*`, `o*` and `gemini-*` go to their makers, everything else to the OpenAI-compatible server at OPENAI_BASE_URL.',
      { minLength: 1 },
    ),
    prompt: AgentPrompt,
    settings: optional(
      list(LocalObjectReference, 'SwarmSettings whose fragments become part of the prompt, in this order.', {
        maxItems: 50,
      }),
    ),
    capabilities: optional(
      list(AgentCapability, 'What the agent offers to others.', { maxItems: 200, key: 'name' }),
    ),
    tools: optional(AgentTools),
    agents: optional(list(AgentConnection, 'Other agents it may call.', { maxItems: 50, key: 'name' })),
    guardrails: optional(AgentGuardrails),
    reasoning: optional(ReasoningConfig),
    runtime: optional(DefaultedAgentRuntime),
    infrastructure: optional(AgentInfrastructure),
    observability: optional(AgentObservability),
    gateway: optional(GatewayConfig),
  },
  {
    aliases: {
      networkPolicy: aliasOf('infrastructure.networkPolicy', topOfSpec.networkPolicy),
      apiKeyRef: aliasOf('infrastructure.apiKeyRef', topOfSpec.apiKeyRef),
      envFrom: aliasOf('infrastructure.envFrom', topOfSpec.envFrom),
      plugins: aliasOf('infrastructure.plugins', topOfSpec.plugins),
    },
    rules: ['apiKeyRef', 'envFrom', 'plugins'].map(bothSpellings),
  },
)
export type SwarmAgentSpec = TypeOf<typeof SwarmAgentSpecSchema>

const SwarmAgentMCPStatus = object('State of one MCP server as the agent sees it.', {
  name: optional(text('Name of the server in the spec.')),
  url: optional(text('Address in use.')),
  healthy: optional(flag('Whether the last contact worked.')),
  message: optional(text('What went wrong.')),
  lastCheck: optional(time('When that was found.')),
  authType: optional(choice(['none', 'bearer', 'header', 'mtls'], 'How the agent proves itself.')),
  trust: optional(choice(toolTrustLevels, 'Trust in its results.')),
})

const ToolAgentConnectionStatus = object('State of a connection to another agent.', {
  name: optional(text('Name of the connection.')),
  ready: optional(flag('Whether it can be called.')),
  trust: optional(choice(toolTrustLevels, 'Trust in its answers.')),
  lastTransitionTime: optional(time('When ready last changed.')),
})

const AdvisorConnectionStatus = object('State of a connection to an advisor.', {
  name: optional(text('Name of the connection.')),
  ready: optional(flag('Whether it can be asked.')),
  toolInjected: optional(flag('Whether the model is offered the question.')),
  toolName: optional(text('Name of that tool.')),
  lastTransitionTime: optional(time('When ready last changed.')),
})

const GatewayStatus = object('What the gateway can reach.', {
  routableCapabilities: optional(integer('Capabilities it may call.')),
  totalMatchingCapabilities: optional(integer('Capabilities its filter matches.')),
  lastCapabilitySync: optional(time('When the registry was last read.')),
})

export const SwarmAgentStatusSchema = object('What is known of the agent.', {
  readyReplicas: optional(integer('Pods that take tasks.')),
  replicas: optional(integer('Pods that exist.')),
  desiredReplicas: optional(integer('Pods that should exist.')),
  selector: optional(text('Label selector of the pods, for autoscalers.')),
  observedGeneration,
  dailyTokenUsage: optional(described('Tokens of the last 24 hours.', TokenUsage)),
  dedupEnabled: optional(flag('Whether repeated tool calls are answered from memory.')),
  toolConnections: optional(list(SwarmAgentMCPStatus, 'The MCP servers.')),
  toolsReady: optional(text('Healthy servers of all servers, as `3/4`.')),
  systemPromptHash: optional(text('Hash of the composed prompt; a new one means new pods.')),
  exposedMCPCapabilities: optional(texts('Capabilities offered by the MCP gateway.', { maxItems: 100 })),
  toolAgentConnections: optional(list(ToolAgentConnectionStatus, 'Agents it may call.')),
  advisorConnections: optional(list(AdvisorConnectionStatus, 'Advisors it may ask.')),
  appliedSettings: optional(texts('SwarmSettings in the prompt.')),
  appliedFragmentCount: optional(integer('Fragments in the prompt.')),
  gateway: optional(GatewayStatus),
  conditions,
})
export type SwarmAgentStatus = TypeOf<typeof SwarmAgentStatusSchema>

export interface SwarmAgent extends KubernetesObject {
  readonly apiVersion: ApiVersion
  readonly kind: 'SwarmAgent'
  readonly spec: SwarmAgentSpec
  readonly status?: SwarmAgentStatus
}

export const swarmAgentDefinition: KindDefinition = {
  resource: swarmAgents,
  singular: 'swarmagent',
  shortNames: ['swagent', 'swagents'],
  description:
    'A SwarmAgent is one worker: a language model with a prompt, the tools it is connected to, and the limits it works within. It runs as a Deployment and waits for tasks.',
  spec: SwarmAgentSpecSchema,
  specRequired: true,
  status: SwarmAgentStatusSchema,
  columns: [
    { name: 'Model', type: 'string', jsonPath: '.spec.model', description: 'Model it works with.' },
    { name: 'Replicas', type: 'integer', jsonPath: '.spec.runtime.replicas', description: 'Pods wanted.' },
    {
      name: 'Ready',
      type: 'integer',
      jsonPath: '.status.readyReplicas',
      description: 'Pods that take tasks.',
    },
    {
      name: 'Tools',
      type: 'string',
      jsonPath: '.status.toolsReady',
      description: 'Healthy MCP servers of all.',
      priority: 1,
    },
    {
      name: 'Policy',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="PolicyCompliant")].status',
      description: 'Whether the agent keeps to the namespace’s policies as written.',
      priority: 1,
    },
    {
      name: 'Tokens(24h)',
      type: 'integer',
      jsonPath: '.status.dailyTokenUsage.totalTokens',
      description: 'Tokens of the last 24 hours.',
      priority: 1,
    },
    ageColumn,
  ],
  scale: {
    specReplicasPath: '.spec.runtime.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  },
}
