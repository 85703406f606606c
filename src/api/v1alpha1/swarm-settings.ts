// SwarmSettings: what several agents share. Pieces of prompt, defaults, and rules for the addresses of their MCP servers.

import {
  aliasOf,
  choice,
  flag,
  integer,
  list,
  object,
  optional,
  text,
  texts,
  type TypeOf,
} from '../schema.ts'
import { ageColumn, type KindDefinition } from '../definition.ts'
import type { KubernetesObject } from '../resource.ts'
import { conditions, observedGeneration } from './conditions.ts'
import { AuditLogConfig } from './observability.ts'
import { type ApiVersion, swarmSettings } from './resources.ts'

const PromptFragment = object(
  'A piece of prompt.',
  {
    name: text('Name of the fragment.', { minLength: 1 }),
    text: optional(text('The text. Exactly one of text and content.')),
    position: optional(
      choice(['prepend', 'append'], 'Whether it stands before or after the prompt of the agent.', {
        default: 'append',
      }),
    ),
  },
  {
    aliases: { content: aliasOf('text', text('')) },
    rules: [
      {
        rule: 'has(self.text) != has(self.content)',
        message: 'set exactly one of text and its other spelling, content',
      },
    ],
  },
)
export type PromptFragment = TypeOf<typeof PromptFragment>

const PromptFragments = object('Two fragments with a fixed place.', {
  persona: optional(text('Who the agent is: stands right before the prompt of the agent.')),
  outputRules: optional(
    text('How to answer: stands after the prompt of the agent and all appended fragments.'),
  ),
})

const SwarmSettingsSecurity = object(
  'Rules for the MCP servers of the agents that use these settings. They hold on every call, whatever admission saw.',
  {
    mcpAllowlist: optional(
      texts(
        'Addresses that the agents’ servers must be under: same scheme, host and port, and a path that begins with the same segments. `https://mcp.example.com/team-a` covers `https://mcp.example.com/team-a/sse`, and covers neither `…/team-ab` nor `https://mcp.example.com.evil.org`. Left out: no rule; empty: no server.',
        { maxItems: 50 },
      ),
    ),
    requireMCPAuth: optional(
      flag(
        'Whether each server must be given a credential (`tools.mcp[].auth`). One without is not contacted.',
      ),
    ),
  },
)

const ReasoningDefaults = object('Hidden reasoning, for agents that say nothing of it.', {
  mode: optional(choice(['Disabled', 'Auto', 'Explicit'], 'Whether to reason.')),
  effort: optional(choice(['Low', 'Medium', 'High'], 'How hard to think.')),
  budgetTokens: optional(integer('Tokens the model may think with.', { minimum: 1024, maximum: 200000 })),
})

export const SwarmSettingsSpecSchema = object('What the agents that name these settings share.', {
  temperature: optional(
    text('Sampling temperature, from 0 to 1. Of several settings of an agent the last that says it counts.', {
      pattern: '^(0(\\.[0-9]+)?|1(\\.0+)?)$',
    }),
  ),
  outputFormat: optional(
    text(
      'The form of answers, in words: becomes a sentence of the prompt. Of several settings of an agent the last that says it counts.',
    ),
  ),
  memoryBackend: optional(
    choice(['in-context', 'vector-store', 'redis'], 'Where memory is kept.', { default: 'in-context' }),
  ),
  fragments: optional(
    list(PromptFragment, 'Pieces of prompt, in the order in which they stand in it.', { maxItems: 50 }),
  ),
  promptFragments: optional(PromptFragments),
  security: optional(SwarmSettingsSecurity),
  auditLog: optional(AuditLogConfig),
  reasoning: optional(ReasoningDefaults),
})
export type SwarmSettingsSpec = TypeOf<typeof SwarmSettingsSpecSchema>

export const SwarmSettingsStatusSchema = object('What is known of the settings.', {
  agentCount: optional(integer('Agents that use them.')),
  observedGeneration,
  conditions,
})
export type SwarmSettingsStatus = TypeOf<typeof SwarmSettingsStatusSchema>

export interface SwarmSettings extends KubernetesObject {
  readonly apiVersion: ApiVersion
  readonly kind: 'SwarmSettings'
  readonly spec: SwarmSettingsSpec
  readonly status?: SwarmSettingsStatus
}

export const swarmSettingsDefinition: KindDefinition = {
  resource: swarmSettings,
  singular: 'swarmsettings',
  shortNames: ['swcfg', 'swcfgs'],
  description:
    'SwarmSettings are what several agents share: pieces of their prompts, defaults, and where their MCP servers may be. An agent uses them by naming them in `spec.settings`; the prompt is then, in this order: prepended fragments, personas, the agent’s own prompt, appended fragments, output rules, output format, advice on tools, and the rule that data is not orders. Settings stand in the order in which the agent names them. A change rolls the pods; security holds at the next call.',
  spec: SwarmSettingsSpecSchema,
  specRequired: true,
  status: SwarmSettingsStatusSchema,
  columns: [
    { name: 'Agents', type: 'integer', jsonPath: '.status.agentCount', description: 'Agents that use them.' },
    ageColumn,
  ],
}
