// The journal records an agent may write, as schemas: its own turns, calls and end. Runs and steps are the operator's
// to tell of, and `task.leased` is the queue's.

import { Type, type TSchema } from 'typebox'
import { Clean } from 'typebox/value'

const shortText = Type.String({ maxLength: 1024 })
/** As long as it is; the body has a limit. */
const message = Type.String()
const count = Type.Integer({ minimum: 0 })
const duration = Type.Number({ minimum: 0 })

const position = { step: shortText, attempt: Type.Integer({ minimum: 1 }) }
const turn = { ...position, turn: count }
// A tool's name may be what a model made up, however long.
const call = { ...turn, call: count, server: message, tool: message }

const storedText = Type.Object({
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  bytes: count,
  // HEAD_BYTES counts bytes; a character is at least one.
  head: Type.String({ maxLength: 8192 }),
})
const usage = Type.Object({
  inputTokens: Type.Optional(count),
  outputTokens: Type.Optional(count),
  thinkingTokens: Type.Optional(count),
})

export const requestRecord = Type.Object({
  type: Type.Literal('llm.requested'),
  ...turn,
  model: shortText,
  provider: shortText,
  estimatedInputTokens: count,
  maxOutputTokens: count,
})

const listing = { ...position, server: message, durationMs: duration }

export const workRecord = Type.Union([
  Type.Object({ type: Type.Literal('tools.listed'), ...listing, tools: count, digest: shortText }),
  Type.Object({ type: Type.Literal('tools.unavailable'), ...listing, code: shortText, message }),
  Type.Object({
    type: Type.Literal('llm.responded'),
    ...turn,
    model: shortText,
    text: storedText,
    toolCalls: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), arguments: Type.String() }), {
      maxItems: 256,
    }),
    usage,
    finishReason: message,
    durationMs: duration,
  }),
  Type.Object({ type: Type.Literal('llm.failed'), ...turn, code: shortText, message, durationMs: duration }),
  Type.Object({ type: Type.Literal('llm.denied'), ...turn, rule: message, message }),
  Type.Object({
    type: Type.Literal('tool.intended'),
    ...call,
    arguments: Type.Unknown(),
    effect: Type.Enum(['read-only', 'idempotent', 'write']),
    idempotencyKey: shortText,
  }),
  Type.Object({
    type: Type.Literal('tool.returned'),
    ...call,
    isError: Type.Boolean(),
    content: storedText,
    durationMs: duration,
  }),
  Type.Object({
    type: Type.Literal('tool.denied'),
    ...call,
    arguments: Type.Unknown(),
    reason: message,
    rule: message,
    message,
  }),
  Type.Object({ type: Type.Literal('tool.outcome-unknown'), ...call, message }),
])

export const endRecord = Type.Union([
  Type.Object({
    type: Type.Literal('task.completed'),
    ...position,
    task: shortText,
    output: storedText,
    usage,
    turns: count,
    toolCalls: count,
  }),
  Type.Object({
    type: Type.Literal('task.failed'),
    ...position,
    task: shortText,
    code: shortText,
    message,
    remedy: Type.Optional(message),
    retryable: Type.Boolean(),
    retryAfterMs: Type.Optional(duration),
    usage,
  }),
  Type.Object({ type: Type.Literal('task.cancelled'), ...position, task: shortText, reason: message }),
])

const byType: ReadonlyMap<string, TSchema> = new Map(
  [requestRecord, ...workRecord.anyOf, ...endRecord.anyOf].map((schema) => [
    schema.properties.type.const,
    schema,
  ]),
)

/** A checked record without the fields its type does not have. Its type is known, so no union has to be searched. */
export const cleanRecord = <Body extends { readonly type: string }>(record: Body): Body => {
  const schema = byType.get(record.type)
  return schema === undefined ? record : (Clean(schema, record) as Body)
}
