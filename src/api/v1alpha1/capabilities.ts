// What an agent offers to others, and which others it may call.

import {
  anyObject,
  choice,
  described,
  flag,
  integer,
  object,
  optional,
  text,
  texts,
  type TypeOf,
} from '../schema.ts'
import { LocalObjectReference } from './references.ts'
import { toolTrustLevels } from './tools.ts'

export const AgentCapability = object('Something the agent can do for others.', {
  name: text('Name of the capability.', { minLength: 1 }),
  description: optional(text('What it does, for people and for routing models.')),
  tags: optional(texts('Words to find it by.', { maxItems: 100 })),
  exposeMCP: optional(flag('Offer it as a tool of the MCP gateway.', { default: false })),
  inputSchema: optional(anyObject('JSON Schema of the input.')),
  outputSchema: optional(anyObject('JSON Schema of the output.')),
})
export type AgentCapability = TypeOf<typeof AgentCapability>

const ContextPropagationConfig = object('What an advisor gets to see, and how often it may be asked.', {
  recentMessages: optional(
    integer('Latest messages of the conversation it sees.', { default: 20, minimum: 1, maximum: 200 }),
  ),
  maxCallsPerTask: optional(integer('Questions per task.', { default: 3, minimum: 1, maximum: 50 })),
  timeoutSeconds: optional(
    integer('Seconds to wait for its answer.', { default: 60, minimum: 5, maximum: 300 }),
  ),
  maxAdvisorTokensPerTask: optional(
    integer('Tokens it may use per task; 0 means no own limit.', { default: 0, minimum: 0 }),
  ),
  maxContextBytes: optional(
    integer('Bytes of conversation handed over.', { default: 262144, minimum: 1024, maximum: 1048576 }),
  ),
  excludeSystemPrompt: optional(flag('Keep the asking agent’s system prompt from it.')),
  toolName: optional(
    text('Name of the tool under which the model asks it.', {
      maxLength: 63,
      pattern: '^[a-z][a-z0-9_]*$',
    }),
  ),
})

export const AgentConnection = object(
  'Another agent that this agent may call.',
  {
    name: text('Name of the connection.', { minLength: 1 }),
    agentRef: optional(described('SwarmAgent that answers.', LocalObjectReference)),
    capabilityRef: optional(described('Capability that answers.', LocalObjectReference)),
    trust: optional(choice(toolTrustLevels, 'How far its answers are trusted.')),
    instructions: optional(text('Advice on when to call it; becomes part of the system prompt.')),
    role: optional(
      choice(['tool', 'advisor'], '`tool` gets a task of its own, `advisor` sees the conversation.', {
        default: 'tool',
      }),
    ),
    contextPropagation: optional(ContextPropagationConfig),
  },
  {
    rules: [
      {
        rule: 'has(self.agentRef) != has(self.capabilityRef)',
        message: 'set exactly one of agentRef and capabilityRef',
      },
    ],
  },
)
export type AgentConnection = TypeOf<typeof AgentConnection>
