// The language model port: one call, one turn. No retries, no loop, no tools executed: those are the agent's.

import type { TokenUsage } from '../domain/journal/record.ts'

export type ModelMessage =
  | { readonly role: 'system'; readonly content: string }
  | { readonly role: 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls: readonly ModelToolCall[] }
  | {
      readonly role: 'tool'
      readonly toolCallId: string
      readonly toolName: string
      readonly content: string
      readonly isError: boolean
    }

export interface ModelToolCall {
  readonly id: string
  /** The alias from `ModelTool.name`, as the model wrote it. */
  readonly name: string
  /** JSON text as the model wrote it; the caller parses and validates. */
  readonly arguments: string
}

export interface ModelTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: Readonly<Record<string, unknown>>
}

export interface ModelRequest {
  readonly model: string
  readonly messages: readonly ModelMessage[]
  readonly tools: readonly ModelTool[]
  readonly maxOutputTokens: number
  readonly temperature?: number
  /** Tokens of hidden reasoning; sent to providers that take such a budget. */
  readonly maxThinkingTokens?: number
  readonly signal: AbortSignal
}

export interface ModelTurn {
  readonly text: string
  readonly toolCalls: readonly ModelToolCall[]
  readonly finishReason: 'stop' | 'tool-calls' | 'length' | 'content-filter' | 'error' | 'other'
  readonly usage: TokenUsage
  /** The model that answered, as the provider names it. */
  readonly model: string
}

export interface LanguageModel {
  /** `openai`, `anthropic`, `google`: OpenTelemetry's gen_ai.provider.name where it has one. */
  readonly provider: string
  /** Host of the endpoint, for messages and spans. */
  readonly endpoint: string
  /** Loads what the first call would have to load. Asks the provider nothing and never fails. */
  prepare?(): Promise<void>
  /** Throws KubeswarmError with a `Model*` code; `retryable` says whether the same call may succeed later. */
  generate(request: ModelRequest): Promise<ModelTurn>
}
