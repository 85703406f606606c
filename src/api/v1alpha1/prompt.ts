// Where a system prompt comes from.

import { object, optional, text, type TypeOf } from '../schema.ts'
import { ConfigMapKeySelector, SecretKeySelector } from './references.ts'

const SystemPromptSource = object(
  'A prompt kept outside the manifest.',
  {
    configMapKeyRef: optional(ConfigMapKeySelector),
    secretKeyRef: optional(SecretKeySelector),
  },
  {
    rules: [
      {
        rule: 'has(self.configMapKeyRef) != has(self.secretKeyRef)',
        message: 'set exactly one of configMapKeyRef and secretKeyRef',
      },
    ],
  },
)

export const AgentPrompt = object(
  'The system prompt: what the agent is, and how it works.',
  {
    inline: optional(text('The prompt itself.')),
    from: optional(SystemPromptSource),
  },
  { rules: [{ rule: 'has(self.inline) != has(self.from)', message: 'set exactly one of inline and from' }] },
)
export type AgentPrompt = TypeOf<typeof AgentPrompt>
