// A role in a team: an agent that exists, or one described on the spot.

import { described, list, object, optional, text, texts, type TypeOf } from '../schema.ts'
import { GuardrailLimits } from './guardrails.ts'
import { AgentPlugins } from './infrastructure.ts'
import { AgentPrompt } from './prompt.ts'
import { EnvFromSource, LocalObjectReference } from './references.ts'
import { AgentRuntime } from './runtime.ts'
import { AgentTools } from './tools.ts'

export const SwarmTeamRole = object(
  'A role, and who plays it.',
  {
    name: text('Name of the role, unique in the team.', { minLength: 1 }),
    swarmAgent: optional(text('SwarmAgent that plays it.')),
    swarmTeam: optional(text('SwarmTeam that plays it: a run of that team is the step.')),
    model: optional(text('Model of an agent made for this role alone.')),
    prompt: optional(described('Prompt of that agent.', AgentPrompt)),
    tools: optional(described('Tools of that agent.', AgentTools)),
    runtime: optional(described('Pods of that agent.', AgentRuntime)),
    limits: optional(described('Limits of that agent.', GuardrailLimits)),
    canDelegate: optional(texts('Roles it may hand work to.', { maxItems: 20 })),
    settings: optional(list(LocalObjectReference, 'SwarmSettings of that agent.')),
    envFrom: optional(list(EnvFromSource, 'Environment of that agent.')),
    plugins: optional(AgentPlugins),
  },
  {
    rules: [
      {
        rule: '!(has(self.swarmAgent) && has(self.swarmTeam)) && !(has(self.swarmAgent) && has(self.model)) && !(has(self.swarmTeam) && has(self.model))',
        message: 'set at most one of swarmAgent, swarmTeam and model',
      },
    ],
  },
)
export type SwarmTeamRole = TypeOf<typeof SwarmTeamRole>

export const roles = optional(list(SwarmTeamRole, 'The roles.', { maxItems: 50, key: 'name' }))
