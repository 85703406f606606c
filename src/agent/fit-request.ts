// What a model is shown of a conversation: all of it, with tool results as long as the call's tokens allow.

import { estimateInputTokens } from '../domain/budget/estimate.ts'
import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import type { ModelMessage, ModelTool } from '../ports/language-model.ts'
import { type Conversation, messagesOf } from './conversation.ts'
import { SHOWN_RESULT_BYTES } from './tool-text.ts'

export interface FittedRequest {
  readonly messages: readonly ModelMessage[]
  /** Tokens. */
  readonly estimated: number
}

// A long tool result is shown shorter before a call is refused for its size: head and tail usually tell enough.
const SHOWN_STEPS = [SHOWN_RESULT_BYTES, 8192, 4096, 2048, 1024]
const ROOM_FOR_AN_ANSWER = 512

export const fitRequest = ({
  conversation,
  system,
  tools,
  policies,
  note,
}: {
  readonly conversation: Conversation
  readonly system: string
  readonly tools: readonly ModelTool[]
  readonly policies: readonly EffectivePolicy[]
  readonly note?: string
}): FittedRequest => {
  const room = Math.min(...policies.map(({ limits }) => limits.tokensPerCall.value)) - ROOM_FOR_AN_ANSWER
  let request: FittedRequest = { messages: [], estimated: Infinity }
  for (const resultBytes of SHOWN_STEPS) {
    const messages = messagesOf({
      system,
      conversation,
      resultBytes,
      ...(note === undefined ? {} : { note }),
    })
    const estimated = estimateInputTokens({ messages, tools })
    if (estimated === request.estimated) continue
    request = { messages, estimated }
    if (estimated <= room) break
  }
  return request
}
