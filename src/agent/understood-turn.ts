// A model's turn in the form the loop and the journal rely on: tool calls with ids of their own wherever the model put
// them, everything bounded, and a usage that is a count or nothing.

import { MAX_ARGUMENT_BYTES } from '../domain/guardrail/arguments.ts'
import type { TokenUsage } from '../domain/journal/record.ts'
import { headOf } from '../domain/journal/stored-text.ts'
import type { ModelToolCall, ModelTurn } from '../ports/language-model.ts'
import { callsInText } from './calls-in-text.ts'

// More than any task may make, so the cap on calls still speaks.
const MAX_CALLS = 256
const MAX_NAME = 512
const MAX_TURN_ARGUMENT_BYTES = 1024 * 1024

export const understoodTurn = ({
  turn,
  number,
  takenIds,
  isAlias,
}: {
  readonly turn: ModelTurn
  readonly number: number
  /** Of calls of the task's turns before: a provider finds the call of a result by its id in the whole conversation. */
  readonly takenIds: Iterable<string>
  readonly isAlias: (name: string) => boolean
}): ModelTurn => {
  const { text, toolCalls } =
    (turn.toolCalls.length === 0 ? callsInText({ text: turn.text, isAlias }) : undefined) ?? turn
  const ids = new Set(takenIds)
  let left = MAX_TURN_ARGUMENT_BYTES
  const distinct = toolCalls.slice(0, MAX_CALLS).map((call, index): ModelToolCall => {
    const usable = call.id !== '' && call.id.length <= MAX_NAME && !ids.has(call.id)
    const id = usable ? call.id : freeId(`call-${number}-${index}`, ids)
    ids.add(id)
    const args = bounded(call.arguments, Math.min(MAX_ARGUMENT_BYTES, left))
    left -= Buffer.byteLength(args)
    return { id, name: call.name.slice(0, MAX_NAME), arguments: args }
  })
  return {
    text,
    toolCalls: distinct,
    finishReason: turn.finishReason,
    usage: counted(turn.usage),
    model: turn.model.slice(0, MAX_NAME),
  }
}

/** A model may have used names like ours. */
const freeId = (wanted: string, taken: ReadonlySet<string>): string =>
  taken.has(wanted) ? freeId(`${wanted}-`, taken) : wanted

// Cut text is no longer JSON, so the gate refuses it, as it would have refused the whole. Text that must not pass for
// "no arguments" keeps at least one character.
const bounded = (text: string, bytes: number): string =>
  Buffer.byteLength(text) <= bytes ? text : headOf(text, Math.max(0, bytes - 1)) + '\u2026'

const counted = (usage: TokenUsage): TokenUsage => {
  const result: { -readonly [field in keyof TokenUsage]: TokenUsage[field] } = {}
  for (const field of ['inputTokens', 'outputTokens', 'thinkingTokens'] as const) {
    const value = usage[field]
    if (value !== undefined && Number.isFinite(value) && value >= 0) result[field] = Math.round(value)
  }
  return result
}
