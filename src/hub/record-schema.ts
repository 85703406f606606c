// The journal records an agent may write, as schemas: its own turns, calls and end. Runs and steps are the operator's
// to tell of, and `task.leased` is the queue's.

import { Type } from 'typebox'

const closed = { additionalProperties: false } as const
const shortText = Type.String({ maxLength: 1024 })
const message = Type.String({ maxLength: 65_536 })
const count = Type.Integer({ minimum: 0 })
const duration = Type.Number({ minimum: 0 })

const position = { step: shortText, attempt: Type.Integer({ minimum: 1 }) }
const turn = { ...position, turn: count }
// A tool's name may be what a model made up, however long.
const call = { ...turn, call: count, server: message, tool: message }

const storedText = Type.Object(
  {
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    bytes: count,
    // HEAD_BYTES counts bytes; a character is at least one.
    head: Type.String({ maxLength: 8192 }),
  },
  closed,
)
const usage = Type.Object(
  {
    inputTokens: Type.Optional(count),
    outputTokens: Type.Optional(count),
    thinkingTokens: Type.Optional(count),
  },
  closed,
)

export const requestRecord = Type.Object(
  {
    type: Type.Literal('llm.requested'),
    ...turn,
    model: shortText,
    provider: shortText,
    estimatedInputTokens: count,
    maxOutputTokens: count,
  },
  closed,
)

export const workRecord = Type.Union([
  Type.Object(
    {
      type: Type.Literal('llm.responded'),
      ...turn,
      model: shortText,
      text: storedText,
      toolCalls: Type.Array(
        Type.Object({ id: Type.String(), name: Type.String(), arguments: Type.String() }, closed),
        { maxItems: 256 },
      ),
      usage,
      finishReason: shortText,
      durationMs: duration,
    },
    closed,
  ),
  Type.Object(
    { type: Type.Literal('llm.failed'), ...turn, code: shortText, message, durationMs: duration },
    closed,
  ),
  Type.Object({ type: Type.Literal('llm.denied'), ...turn, rule: message, message }, closed),
  Type.Object(
    {
      type: Type.Literal('tool.intended'),
      ...call,
      arguments: Type.Unknown(),
      effect: Type.Union([Type.Literal('read-only'), Type.Literal('idempotent'), Type.Literal('write')]),
      idempotencyKey: shortText,
    },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal('tool.returned'),
      ...call,
      isError: Type.Boolean(),
      content: storedText,
      durationMs: duration,
    },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal('tool.denied'),
      ...call,
      arguments: Type.Unknown(),
      reason: shortText,
      rule: message,
      message,
    },
    closed,
  ),
  Type.Object({ type: Type.Literal('tool.outcome-unknown'), ...call, message }, closed),
])

export const endRecord = Type.Union([
  Type.Object(
    {
      type: Type.Literal('task.completed'),
      ...position,
      task: shortText,
      output: storedText,
      usage,
      turns: count,
      toolCalls: count,
    },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal('task.failed'),
      ...position,
      task: shortText,
      code: shortText,
      message,
      remedy: Type.Optional(message),
      retryable: Type.Boolean(),
      retryAfterMs: Type.Optional(duration),
      usage,
    },
    closed,
  ),
  Type.Object(
    { type: Type.Literal('task.cancelled'), ...position, task: shortText, reason: shortText },
    closed,
  ),
])
