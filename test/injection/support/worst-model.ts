// The worst-case model of the product, asked directly instead of over HTTP: the suite asks it thousands of times.

import { readConversation } from '../../../src/adapters/scripted-model/conversation.ts'
import { obey } from '../../../src/adapters/scripted-model/obey.ts'
import type { LanguageModel, ModelMessage, ModelRequest } from '../../../src/ports/language-model.ts'

export interface WorstModel extends LanguageModel {
  /** Everything it has been told so far, message by message. */
  readonly told: readonly string[]
}

export const worstModel = (): WorstModel => {
  const told: string[] = []
  let serial = 1
  return {
    provider: 'openai',
    endpoint: 'in-process',
    told,
    generate: async ({ model, messages, tools }: ModelRequest) => {
      told.push(messages.map(({ content }) => content).join('\n'))
      const turn = obey(
        readConversation({
          model,
          messages: messages.map(asChat),
          tools: tools.map(({ name, description, inputSchema }) => ({
            function: { name, description, parameters: { ...inputSchema } },
          })),
        }),
      )
      const calls = turn.type === 'calls' ? turn.calls : []
      return {
        text: turn.type === 'answer' ? turn.text : '',
        toolCalls: calls.map((call) => ({ id: `call-${serial++}`, ...call })),
        finishReason: turn.type === 'answer' ? 'stop' : 'tool-calls',
        usage: {},
        model,
      }
    },
  }
}

type ChatMessage = Parameters<typeof readConversation>[0]['messages'][number]

const asChat = (message: ModelMessage): ChatMessage => {
  switch (message.role) {
    case 'system':
    case 'user':
      return message
    case 'assistant':
      return {
        role: 'assistant',
        content: message.content,
        tool_calls: message.toolCalls.map(({ id, name, arguments: text }) => ({
          id,
          function: { name, arguments: text },
        })),
      }
    case 'tool':
      return { role: 'tool', content: message.content, tool_call_id: message.toolCallId }
  }
}
