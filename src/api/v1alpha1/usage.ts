// What model calls cost, in tokens.

import { longInteger, object, optional, text, type TypeOf } from '../schema.ts'

export const TokenUsage = object('Tokens as the model provider reported them.', {
  inputTokens: optional(longInteger('Tokens sent to the model.')),
  outputTokens: optional(longInteger('Tokens the model answered with.')),
  thinkingTokens: optional(longInteger('Tokens of hidden reasoning, where the provider reports them.')),
  totalTokens: optional(longInteger('All of them together.')),
  model: optional(text('Model that used them.')),
})
export type TokenUsage = TypeOf<typeof TokenUsage>
