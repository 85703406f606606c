// What a provider package answered, as one turn. Figures a provider did not send stay undefined, although the package
// fills some of them with zero.

import type { LanguageModelV4GenerateResult } from '@ai-sdk/provider'

import type { TokenUsage } from '../../domain/journal/record.ts'
import type { ModelTurn } from '../../ports/language-model.ts'

export const toTurn = ({
  result,
  model,
}: {
  readonly result: LanguageModelV4GenerateResult
  /** The name asked for; stands in when the answer names none. */
  readonly model: string
}): ModelTurn => {
  const toolCalls = result.content.flatMap((part) =>
    part.type === 'tool-call' ? [{ id: part.toolCallId, name: part.toolName, arguments: part.input }] : [],
  )
  return {
    text: result.content.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    toolCalls,
    finishReason: finishReason({ reason: result.finishReason.unified, calls: toolCalls.length }),
    usage: toUsage(result.usage),
    model: result.response?.modelId ?? model,
  }
}

const finishReason = ({
  reason,
  calls,
}: {
  reason: LanguageModelV4GenerateResult['finishReason']['unified']
  calls: number
}): ModelTurn['finishReason'] => {
  switch (reason) {
    case 'stop':
    case 'other':
      // Some servers finish with `stop` although they call tools.
      return calls > 0 ? 'tool-calls' : reason
    case 'tool-calls':
    case 'length':
    case 'content-filter':
    case 'error':
      return reason
    case 'interrupted':
      return 'other'
  }
}

const inputFields = ['prompt_tokens', 'input_tokens', 'promptTokenCount']
const outputFields = ['completion_tokens', 'output_tokens', 'candidatesTokenCount']

const toUsage = ({
  inputTokens,
  outputTokens,
  raw = {},
}: LanguageModelV4GenerateResult['usage']): TokenUsage => {
  const sent = (fields: readonly string[]): boolean => fields.some((field) => typeof raw[field] === 'number')
  const thinking = outputTokens.reasoning ?? 0
  return {
    ...(inputTokens.total !== undefined && sent(inputFields) && { inputTokens: inputTokens.total }),
    ...(outputTokens.total !== undefined && sent(outputFields) && { outputTokens: outputTokens.total }),
    ...(thinking > 0 && { thinkingTokens: thinking }),
  }
}
