// SwarmPolicy: what no agent of the namespace may exceed. Several policies merge to the strictest.

import {
  aliasOf,
  choice,
  flag,
  integer,
  list,
  longInteger,
  object,
  optional,
  text,
  texts,
  type TypeOf,
} from '../schema.ts'
import { ageColumn, type KindDefinition } from '../definition.ts'
import type { KubernetesObject } from '../resource.ts'
import { conditions, observedGeneration } from './conditions.ts'
import { toolConstraints } from './guardrails.ts'
import { type ApiVersion, swarmPolicies } from './resources.ts'
import { toolTrustLevels } from './tools.ts'

const enforcementModes = ['Audit', 'Warn', 'Enforce'] as const
const separationModes = ['Off', 'Warn', 'Enforce'] as const
const outputLevels = ['none', 'pattern', 'schema', 'semantic'] as const

export const PolicyLimits = object('Ceilings, and one floor.', {
  maxDailyTokens: optional(
    longInteger('Tokens all agents of the namespace together may use in 24 hours.', { minimum: 1 }),
  ),
  maxTokensPerCall: optional(
    integer('Tokens of one model call: estimated prompt plus answer.', { minimum: 1 }),
  ),
  maxTimeoutSeconds: optional(integer('Seconds one task may take.', { minimum: 1 })),
  minTimeoutSeconds: optional(integer('Seconds one task must be given.', { minimum: 1 })),
  maxConcurrentTasks: optional(integer('Tasks one replica may work on at a time.', { minimum: 1 })),
  maxThinkingTokensPerCall: optional(
    integer('Tokens of hidden reasoning in one model call.', { minimum: 1 }),
  ),
  maxAnswerTokensPerCall: optional(
    integer('Tokens of the visible answer of one model call.', { minimum: 1 }),
  ),
})
export type PolicyLimits = TypeOf<typeof PolicyLimits>

const PolicyTools = object('Which tools nobody may call, and with which arguments.', {
  deny: optional(texts('Patterns over `<server>/<tool>` that are never callable.', { maxItems: 100 })),
  forceTrustLevel: optional(
    choice(
      toolTrustLevels,
      'Highest trust level of any server, whatever agents say. Forcing `internal` trusts nothing more than it was trusted before.',
    ),
  ),
  constraints: toolConstraints,
})

const PolicyOutput = object('What outputs must satisfy.', {
  minValidation: optional(
    choice(
      outputLevels,
      'Least thorough check that each step must carry: `pattern` (contains or rejectPatterns), `schema` (outputSchema or validate.schema), `semantic`. A task without it fails before the model is asked.',
      { default: 'none' },
    ),
  ),
  denyPatterns: optional(
    texts('Regular expressions (RE2) that no output of a step may match. A step whose output does, fails.', {
      maxItems: 50,
    }),
  ),
})

const PolicyModels = object(
  'Which models may be used. Patterns; denied wins.',
  {
    allowed: optional(texts('When set, no other model may be used.', { maxItems: 100 })),
    denied: optional(texts('Models that may not be used.', { maxItems: 100 })),
  },
  {
    aliases: {
      allow: aliasOf('allowed', texts('', { maxItems: 100 })),
      deny: aliasOf('denied', texts('', { maxItems: 100 })),
    },
    rules: [
      {
        rule: '!(has(self.allow) && has(self.allowed))',
        message: 'allow is another spelling of allowed: set one of the two',
      },
      {
        rule: '!(has(self.deny) && has(self.denied))',
        message: 'deny is another spelling of denied: set one of the two',
      },
    ],
  },
)

const PolicyRequirements = object('What every agent must carry.', {
  budgetRef: optional(flag('A budget.')),
  audit: optional(flag('An audit trail.')),
  allowList: optional(flag('An explicit list of allowed tools.')),
  separation: optional(
    choice(
      separationModes,
      'Whether untrusted words, private data and a write to anywhere may meet in an agent or along the steps of a team: who can be talked into things, knows things and can tell the world is one sentence away from telling them. `Warn` warns with the path, `Enforce` refuses it, whatever enforcementMode says. Judged from declared effects and constraints when manifests are applied.',
      { default: 'Off' },
    ),
  ),
})

export const SwarmPolicySpecSchema = object('What no agent of the namespace may exceed.', {
  enforcementMode: optional(
    choice(
      enforcementModes,
      'What happens to manifests beyond the limits: `Enforce` refuses them, `Warn` warns, `Audit` records. At run time the limits hold in every mode.',
      { default: 'Audit' },
    ),
  ),
  limits: optional(PolicyLimits),
  tools: optional(PolicyTools),
  output: optional(PolicyOutput),
  models: optional(PolicyModels),
  requirements: optional(PolicyRequirements),
})
export type SwarmPolicySpec = TypeOf<typeof SwarmPolicySpecSchema>

const EffectivePolicySpec = object('All policies of the namespace together.', {
  limits: optional(PolicyLimits),
  toolDeny: optional(texts('Tools nobody may call.', { maxItems: 100 })),
  forceTrustLevel: optional(choice(toolTrustLevels, 'Trust level of all tools.')),
  minValidation: optional(choice(outputLevels, 'Least strict check.')),
  denyPatterns: optional(texts('Regular expressions no output may match.', { maxItems: 50 })),
  models: optional(
    object('Models that may be used.', {
      allowed: optional(texts('When set, no other.', { maxItems: 100 })),
      denied: optional(texts('Never these.', { maxItems: 100 })),
    }),
  ),
  requirements: optional(PolicyRequirements),
  enforcementMode: optional(choice(enforcementModes, 'The strictest mode.')),
})

const NonCompliantAgent = object(
  'An agent that asks for more than the policy grants; it runs with what is granted.',
  {
    name: text('Name of the SwarmAgent.'),
    field: optional(text('Field that asks.')),
    message: optional(text('Both values, in one sentence.')),
  },
)

export const SwarmPolicyStatusSchema = object('What the policy finds in its namespace.', {
  agentCount: optional(integer('Agents it applies to.')),
  compliantCount: optional(integer('Agents that keep to it as written.')),
  nonCompliant: optional(list(NonCompliantAgent, 'Agents that do not.', { maxItems: 100 })),
  effectivePolicy: optional(EffectivePolicySpec),
  observedGeneration,
  conditions,
})
export type SwarmPolicyStatus = TypeOf<typeof SwarmPolicyStatusSchema>

export interface SwarmPolicy extends KubernetesObject {
  readonly apiVersion: ApiVersion
  readonly kind: 'SwarmPolicy'
  readonly spec?: SwarmPolicySpec
  readonly status?: SwarmPolicyStatus
}

export const swarmPolicyDefinition: KindDefinition = {
  resource: swarmPolicies,
  singular: 'swarmpolicy',
  shortNames: ['swpol', 'swpols'],
  description:
    'A SwarmPolicy says what no agent of its namespace may exceed, whatever the agent’s own manifest says. Several policies merge to the strictest; every model and tool call is checked against them.',
  spec: SwarmPolicySpecSchema,
  specRequired: false,
  status: SwarmPolicyStatusSchema,
  columns: [
    {
      name: 'Mode',
      type: 'string',
      jsonPath: '.spec.enforcementMode',
      description: 'What happens to manifests beyond the limits.',
    },
    { name: 'Agents', type: 'integer', jsonPath: '.status.agentCount', description: 'Agents it applies to.' },
    {
      name: 'Compliant',
      type: 'integer',
      jsonPath: '.status.compliantCount',
      description: 'Agents that keep to it.',
    },
    ageColumn,
  ],
}
