// Tool calls that a small model wrote as text instead of making them. Only what is unmistakably a call counts: the
// whole answer is one call, or it carries `<tool_call>` blocks, and each names a known alias exactly. The gate judges
// them like any other call.

import type { ModelToolCall } from '../ports/language-model.ts'

export interface RecoveredCalls {
  /** What is left of the answer without the calls. */
  readonly text: string
  readonly toolCalls: readonly ModelToolCall[]
}

export const callsInText = ({
  text,
  isAlias,
}: {
  readonly text: string
  readonly isAlias: (name: string) => boolean
}): RecoveredCalls | undefined => {
  const blocks = [...text.matchAll(/<tool_call>([\s\S]*?)<\/tool_call>/g)]
  if (blocks.length > 0) {
    const calls = blocks.map(([, body]) => callIn(body ?? '', isAlias))
    if (!calls.every((call) => call !== undefined)) return undefined
    return { text: text.replaceAll(/<tool_call>[\s\S]*?<\/tool_call>/g, '').trim(), toolCalls: calls }
  }
  const fenced = /^```(?:json)?\s*\n([\s\S]*?)\n?```$/.exec(text.trim())
  const call = callIn(fenced?.[1] ?? text, isAlias)
  return call === undefined ? undefined : { text: '', toolCalls: [call] }
}

const callIn = (text: string, isAlias: (name: string) => boolean): ModelToolCall | undefined => {
  const trimmed = text.trim()
  if (!trimmed.startsWith('{') || !trimmed.endsWith('}')) return undefined
  let value: unknown
  try {
    value = JSON.parse(trimmed)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const members = Object.keys(value)
  const { name, arguments: args, parameters } = value as Readonly<Record<string, unknown>>
  if (typeof name !== 'string' || !isAlias(name) || members.length !== 2) return undefined
  const given = args ?? parameters
  if (typeof given === 'string') return { id: '', name, arguments: given }
  if (typeof given !== 'object' || given === null) return undefined
  return { id: '', name, arguments: JSON.stringify(given) }
}
