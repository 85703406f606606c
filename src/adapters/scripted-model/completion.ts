// A turn in the shape of OpenAI's chat completions: in one piece, or as a stream of chunks.

import { estimateInputTokens, tokensOf } from '../../domain/budget/estimate.ts'
import type { ChatRequest } from './conversation.ts'
import type { ScriptedCall } from './scripted-turn.ts'

export interface Completion {
  readonly id: string
  readonly created: number
  /** The name the caller asked for: the script plays that model. */
  readonly model: string
  readonly text: string
  readonly calls: readonly ScriptedCall[]
  readonly finishReason: 'stop' | 'tool_calls' | 'length' | 'content_filter'
  readonly usage: CompletionUsage | undefined
}

export interface CompletionUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
}

/** In every answer, so that nobody mistakes it for a model's. */
const fingerprint = 'kubeswarm-scripted-model'

export const countUsage = ({
  request,
  text,
  calls,
}: {
  readonly request: ChatRequest
  readonly text: string
  readonly calls: readonly ScriptedCall[]
}): CompletionUsage => {
  const prompt = estimateInputTokens({
    messages: request.messages.map(({ content, tool_calls }) => ({
      content: content ?? '',
      toolCalls: (tool_calls ?? []).map((call) => call.function),
    })),
    tools: (request.tools ?? []).map((tool) => ({
      name: tool.function.name,
      description: tool.function.description ?? '',
      inputSchema: tool.function.parameters ?? {},
    })),
  })
  const completion =
    tokensOf(text) + calls.reduce((sum, call) => sum + tokensOf(call.name) + tokensOf(call.arguments), 0)
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}

export const completionBody = (completion: Completion) => ({
  id: completion.id,
  object: 'chat.completion',
  created: completion.created,
  model: completion.model,
  system_fingerprint: fingerprint,
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: completion.text === '' && completion.calls.length > 0 ? null : completion.text,
        ...(completion.calls.length > 0 && { tool_calls: toolCalls(completion) }),
      },
      finish_reason: completion.finishReason,
    },
  ],
  ...(completion.usage && { usage: completion.usage }),
})

/** Server-sent events, the last of them `[DONE]`. */
export const completionChunks = ({
  completion,
  includeUsage,
}: {
  readonly completion: Completion
  readonly includeUsage: boolean
}): readonly string[] => {
  const { id, created, model, text, finishReason, usage } = completion
  const chunk = (delta: unknown, finish: string | null = null) => ({
    id,
    object: 'chat.completion.chunk',
    created,
    model,
    system_fingerprint: fingerprint,
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
  const pieces = text.match(/[\s\S]{1,200}/g) ?? []
  return [
    chunk({ role: 'assistant', content: '' }),
    ...pieces.map((content) => chunk({ content })),
    ...toolCalls(completion).map((call, index) => chunk({ tool_calls: [{ index, ...call }] })),
    chunk({}, finishReason),
    ...(includeUsage && usage ? [{ ...chunk({}), choices: [], usage }] : []),
  ]
    .map((value) => `data: ${JSON.stringify(value)}\n\n`)
    .concat('data: [DONE]\n\n')
}

const toolCalls = ({ id, calls }: Completion) =>
  calls.map((call, index) => ({
    id: `call_${id.replace('chatcmpl-', '')}_${index}`,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }))
