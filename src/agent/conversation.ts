// What has been said in one attempt of a task, as a value: turns, tool calls and what became of each. Built up live or
// restored from the journal (`restore-conversation.ts`); the messages for the model are a view of it.

import { addUsage } from '../domain/journal/usage.ts'
import type { TokenUsage, ToolEffect } from '../domain/journal/record.ts'
import type { DenialReason } from '../domain/guardrail/decision.ts'
import type { ToolName } from '../domain/guardrail/tool-alias.ts'
import type { ModelMessage } from '../ports/language-model.ts'
import { forModel } from './tool-text.ts'

export type CallState =
  | { readonly type: 'requested' }
  | { readonly type: 'intended'; readonly effect: ToolEffect; readonly idempotencyKey: string }
  | {
      readonly type: 'returned'
      readonly effect: ToolEffect
      readonly text: string
      readonly isError: boolean
    }
  | { readonly type: 'denied'; readonly reason: DenialReason; readonly message: string }
  | { readonly type: 'outcome-unknown'; readonly message: string }

export interface CallRequest {
  readonly id: string
  /** The alias the model used. */
  readonly alias: string
  /** JSON text as the model wrote it. */
  readonly arguments: string
}
export interface Call extends CallRequest {
  /** Known once the alias was resolved. */
  readonly tool?: ToolName
  readonly state: CallState
}

export interface Turn {
  /** Number in the journal; failed model calls use numbers up as well, so it may skip. */
  readonly number: number
  /** What the loop told the model before this turn, besides tool results. */
  readonly note?: string
  readonly text: string
  readonly finishReason: string
  readonly calls: readonly Call[]
}

export interface Conversation {
  readonly prompt: string
  readonly turns: readonly Turn[]
  /** Highest turn number used, answered or not. */
  readonly lastTurn: number
  readonly usage: TokenUsage
}

export const newConversation = (prompt: string): Conversation => ({
  prompt,
  turns: [],
  lastTurn: 0,
  usage: {},
})

export const withTurn = (conversation: Conversation, turn: Turn, usage: TokenUsage): Conversation => ({
  ...conversation,
  turns: [...conversation.turns, turn],
  lastTurn: Math.max(conversation.lastTurn, turn.number),
  usage: addUsage(conversation.usage, usage),
})

export const withTurnNumber = (conversation: Conversation, number: number): Conversation => ({
  ...conversation,
  lastTurn: Math.max(conversation.lastTurn, number),
})

export const withCall = (
  conversation: Conversation,
  at: { readonly turn: number; readonly call: number },
  change: { readonly state: CallState; readonly tool?: ToolName },
): Conversation => ({
  ...conversation,
  turns: conversation.turns.map((turn) =>
    turn.number === at.turn
      ? {
          ...turn,
          calls: turn.calls.map((call, index) => (index === at.call ? { ...call, ...change } : call)),
        }
      : turn,
  ),
})

/** Calls asked for before call `index` of the last turn, in order. */
export const callsBefore = ({ turns }: Conversation, index: number): readonly Call[] => [
  ...turns.slice(0, -1).flatMap(({ calls }) => calls),
  ...(turns.at(-1)?.calls.slice(0, index) ?? []),
]

export const allCalls = ({ turns }: Conversation): readonly Call[] => turns.flatMap(({ calls }) => calls)

/** True when doing the attempt over could do something to the outside world twice. */
export const mayHaveChangedSomething = (conversation: Conversation): boolean =>
  allCalls(conversation).some(({ state }) => {
    switch (state.type) {
      case 'intended':
      case 'returned':
        return state.effect === 'write'
      case 'outcome-unknown':
        return true
      case 'requested':
      case 'denied':
        return false
    }
  })

/** The conversation as a model reads it. Tool results are shown in at most `resultBytes` each. */
export const messagesOf = ({
  system,
  conversation,
  note,
  resultBytes,
}: {
  readonly system: string
  readonly conversation: Conversation
  readonly note?: string
  readonly resultBytes: number
}): readonly ModelMessage[] => [
  ...(system === '' ? [] : [{ role: 'system', content: system } as const]),
  { role: 'user', content: conversation.prompt },
  ...conversation.turns.flatMap((turn) => turnMessages(turn, resultBytes)),
  ...(note === undefined ? [] : [{ role: 'user', content: note } as const]),
]

// A made-up name goes back to the model as part of the conversation, and providers refuse what is not a legal name.
const legalName = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64) || 'unnamed'

const turnMessages = (turn: Turn, resultBytes: number): readonly ModelMessage[] => [
  ...(turn.note === undefined ? [] : [{ role: 'user', content: turn.note } as const]),
  {
    role: 'assistant',
    content: turn.text,
    toolCalls: turn.calls.map(({ id, alias, arguments: text }) => ({
      id,
      name: legalName(alias),
      arguments: text,
    })),
  },
  ...turn.calls.flatMap((call) => resultMessage(call, resultBytes)),
]

const resultMessage = ({ id, alias, state }: Call, resultBytes: number): readonly ModelMessage[] => {
  const answer = (content: string, isError: boolean): readonly ModelMessage[] => [
    { role: 'tool', toolCallId: id, toolName: legalName(alias), content, isError },
  ]
  switch (state.type) {
    case 'returned':
      return answer(forModel(state.text, resultBytes), state.isError)
    case 'denied':
      return answer(`Error: ${state.message}`, true)
    case 'outcome-unknown':
      return answer(`Error: ${state.message}`, true)
    case 'requested':
    case 'intended':
      return []
  }
}
