// The tools of one task, listed once before the first model call and then fixed: what a server changes afterwards is
// not seen. A server that cannot be reached stops the task here, because an agent without its tools invents success.

import type { EffectivePolicy, ServerAddress } from '../domain/guardrail/effective-policy.ts'
import { KubeswarmError } from '../domain/error.ts'
import { decideToolCall } from '../domain/guardrail/gate.ts'
import { serverDenied } from '../domain/guardrail/server-rules.ts'
import { aliasTable, type ToolName } from '../domain/guardrail/tool-alias.ts'
import type { ModelTool } from '../ports/language-model.ts'
import type { Logger } from '../ports/logger.ts'
import type { ToolDefinition, ToolServer } from '../ports/tool-server.ts'
import type { Failure } from './failure.ts'
import { failureFrom } from './failure.ts'
import { visible } from './tool-text.ts'

export interface ToolServerBinding {
  readonly server: ToolServer
  readonly onUnavailable: 'fail' | 'degrade'
  /** Where it is. Left out: nowhere that a rule about addresses could allow. */
  readonly address?: ServerAddress
  /** Not to be contacted outside a task. */
  readonly onlyByTasks?: boolean
}

export interface PinnedTool {
  readonly name: ToolName
  readonly definition: ToolDefinition
  readonly server: ToolServer
  readonly address: ServerAddress
}

export interface PinnedTools {
  /**
   * The tool of that alias, or of that exact `<server>/<tool>`, which prompts and planted instructions use. Also tools
   * that the policy forbids, so that a refusal can name its rule.
   */
  find(name: string): PinnedTool | undefined
  /** What the model is told of: only tools it could call. */
  readonly offered: (policy: EffectivePolicy) => readonly ModelTool[]
}

export type PinOutcome =
  | { readonly type: 'pinned'; readonly tools: PinnedTools }
  | { readonly type: 'failed'; readonly failure: Failure }

export const pinTools = async ({
  servers,
  policies,
  signal,
  log,
}: {
  readonly servers: readonly ToolServerBinding[]
  /** A server that one of them forbids is not contacted. */
  readonly policies: readonly EffectivePolicy[]
  readonly signal: AbortSignal
  readonly log: Logger
}): Promise<PinOutcome> => {
  const listings = await Promise.all(servers.map((binding) => list({ binding, policies, signal })))
  const pinned: PinnedTool[] = []
  for (const { binding, definitions, error } of listings) {
    const { server, onUnavailable } = binding
    if (definitions === undefined) {
      const failure = failureFrom(error, `list the tools of server "${server.name}"`)
      if (onUnavailable === 'fail') return { type: 'failed', failure }
      log.warn({ server: server.name, code: failure.code, error: failure.message }, 'tool server left out')
      continue
    }
    const seen = Map.groupBy(definitions, ({ name }) => name)
    for (const [tool, same] of seen) {
      const [definition] = same
      // Two tools of one name: which one a call would reach is the server's secret.
      if (same.length > 1)
        log.warn({ server: server.name, tool }, 'tool refused: its server lists the name twice')
      else if (definition !== undefined)
        pinned.push({ name: { server: server.name, tool }, definition, server, address: addressOf(binding) })
    }
  }
  return { type: 'pinned', tools: pinnedTools(pinned) }
}

/** What no rule about addresses allows. */
const nowhere: ServerAddress = { url: '', authenticated: false }
const addressOf = ({ address = nowhere }: ToolServerBinding): ServerAddress => address

const list = async ({
  binding,
  policies,
  signal,
}: {
  readonly binding: ToolServerBinding
  readonly policies: readonly EffectivePolicy[]
  readonly signal: AbortSignal
}): Promise<{
  readonly binding: ToolServerBinding
  readonly definitions?: readonly ToolDefinition[]
  readonly error?: unknown
}> => {
  for (const policy of policies) {
    const denied = serverDenied({ policy, server: binding.server.name, address: addressOf(binding) })
    if (denied === undefined) continue
    const { message, remedy } = denied
    const error = new KubeswarmError({
      code: 'PolicyDenied',
      message,
      ...(remedy === undefined ? {} : { remedy }),
    })
    return { binding, error }
  }
  try {
    return { binding, definitions: await binding.server.listTools({ signal }) }
  } catch (error) {
    return { binding, error }
  }
}

const pinnedTools = (pinned: readonly PinnedTool[]): PinnedTools => {
  const table = aliasTable(pinned.map(({ name }) => name))
  const byAlias = new Map(pinned.map((tool) => [table.aliasOf(tool.name), tool]))
  // An alias has no slash and a server's name neither, so the two kinds of name never meet.
  const byName = new Map(pinned.map((tool) => [`${tool.name.server}/${tool.name.tool}`, tool]))
  return {
    find: (name) => byAlias.get(name) ?? byName.get(name),
    offered: (policy) =>
      [...byAlias].flatMap(([alias, tool]) =>
        alias !== undefined && isCallable(policy, tool) ? [modelTool(alias, tool.definition)] : [],
      ),
  }
}

const isCallable = (policy: EffectivePolicy, { name, definition, address }: PinnedTool): boolean =>
  decideToolCall({
    policy,
    name,
    definition,
    address,
    arguments: undefined,
    input: {},
    earlier: { calls: 0, identical: 0 },
  }).type === 'allowed'

const MAX_DESCRIPTION = 4096

const modelTool = (name: string, { description, inputSchema }: ToolDefinition): ModelTool => ({
  name,
  description: visible(description).slice(0, MAX_DESCRIPTION),
  inputSchema: visibleStrings(inputSchema) as Readonly<Record<string, unknown>>,
})

// Schemas carry words too: titles, descriptions, enum values.
const visibleStrings = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return visible(value)
  if (typeof value !== 'object' || value === null || depth > 32) return value
  if (Array.isArray(value)) return value.map((item) => visibleStrings(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, visibleStrings(item, depth + 1)]),
  )
}
