// A chat request as the script sees it: what was said, which tools are on offer, which were called and what they
// answered.

import { z } from 'zod'

const text = z.union([
  z.string(),
  z.null().transform(() => ''),
  z
    .array(z.looseObject({ type: z.string(), text: z.string().optional() }))
    .transform((parts) => parts.map((part) => part.text ?? '').join('\n')),
])

export const chatRequestSchema = z.looseObject({
  model: z.string(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.number().nullish(),
  max_completion_tokens: z.number().nullish(),
  messages: z.array(
    z.looseObject({
      role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
      content: text.optional(),
      tool_call_id: z.string().optional(),
      tool_calls: z
        .array(
          z.looseObject({
            id: z.string(),
            function: z.looseObject({ name: z.string(), arguments: z.string() }),
          }),
        )
        .nullish(),
    }),
  ),
  tools: z
    .array(
      z.looseObject({
        function: z.looseObject({
          name: z.string(),
          description: z.string().optional(),
          parameters: z.record(z.string(), z.unknown()).optional(),
        }),
      }),
    )
    .nullish(),
})
export type ChatRequest = z.infer<typeof chatRequestSchema>

export interface Conversation {
  readonly system: string
  readonly user: string
  readonly tools: readonly {
    readonly alias: string
    readonly description: string
    readonly parameters: Readonly<Record<string, unknown>>
  }[]
  readonly calls: readonly {
    readonly alias: string
    readonly arguments: string
    readonly result: string | undefined
  }[]
  /** 1-based number of the answer asked for. */
  readonly turn: number
}

export const readConversation = ({ messages, tools }: ChatRequest): Conversation => {
  const said = (...roles: string[]): string =>
    messages
      .filter(({ role }) => roles.includes(role))
      .map(({ content }) => content ?? '')
      .join('\n\n')
  const results = new Map(
    messages.flatMap(({ role, tool_call_id, content }) =>
      role === 'tool' && tool_call_id !== undefined ? [[tool_call_id, content ?? ''] as const] : [],
    ),
  )
  return {
    system: said('system', 'developer'),
    user: said('user'),
    tools: (tools ?? []).map((tool) => ({
      alias: tool.function.name,
      description: tool.function.description ?? '',
      parameters: tool.function.parameters ?? {},
    })),
    calls: messages.flatMap(({ tool_calls }) =>
      (tool_calls ?? []).map((call) => ({
        alias: call.function.name,
        arguments: call.function.arguments,
        result: results.get(call.id),
      })),
    ),
    turn: messages.filter(({ role }) => role === 'assistant').length + 1,
  }
}

/**
 * Whether the alias stands for the tool: it is its name, or ends with it after a separator. A digest that made the
 * alias unique may follow.
 */
export const isAliasOf = ({ alias, tool }: { readonly alias: string; readonly tool: string }): boolean =>
  alias === tool ||
  endsWithName({ alias, tool }) ||
  endsWithName({ alias: alias.replace(/_[0-9a-f]{8,}$/, ''), tool })

const endsWithName = ({ alias, tool }: { alias: string; tool: string }): boolean =>
  alias.endsWith(tool) && /[^A-Za-z0-9]/.test(alias.at(-tool.length - 1) ?? 'x')

/** The offered alias of a tool: the exact name first, then the shortest alias that ends with it. */
export const offeredAlias = ({
  conversation,
  tool,
}: {
  readonly conversation: Conversation
  readonly tool: string
}): string | undefined =>
  conversation.tools
    .map(({ alias }) => alias)
    .filter((alias) => isAliasOf({ alias, tool }))
    .toSorted((a, b) => a.length - b.length)[0]
