// The tools of one task, listed once before the first model call and then fixed: what a server changes afterwards is
// not seen, nor what it has changed since the run began. A server that cannot be reached stops the task here, because an agent without its tools invents success.

import type { Denied } from '../domain/guardrail/decision.ts'
import type { EffectivePolicy, ServerAddress } from '../domain/guardrail/effective-policy.ts'
import { KubeswarmError } from '../domain/error.ts'
import type { RecordBody } from '../domain/journal/record.ts'
import { decideToolCall } from '../domain/guardrail/gate.ts'
import { serverDenied } from '../domain/guardrail/server-rules.ts'
import { toolsetDenied, toolsetDigest } from '../domain/guardrail/toolset.ts'
import { aliasTable, type ToolName } from '../domain/guardrail/tool-alias.ts'
import { hidesSomething, visibleStrings } from '../domain/guardrail/visible-text.ts'
import { visible } from '../domain/hidden-characters.ts'
import type { Clock } from '../ports/clock.ts'
import type { ModelTool } from '../ports/language-model.ts'
import type { Logger } from '../ports/logger.ts'
import type { ToolDefinition, ToolServer } from '../ports/tool-server.ts'
import type { Failure } from './failure.ts'
import { failureFrom } from './failure.ts'
import type { RunToolsets } from './run-toolsets.ts'

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
  /** Digest of all that its server offered. */
  readonly toolset: string
  /** It is another one than the run was first shown. */
  readonly changed: boolean
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

/** What the journal says of one server, without the place. */
export type Listing =
  | Omit<RecordBody & { readonly type: 'tools.listed' }, 'step' | 'attempt'>
  | Omit<RecordBody & { readonly type: 'tools.unavailable' }, 'step' | 'attempt'>

export type PinOutcome = { readonly listings: readonly Listing[] } & (
  | { readonly type: 'pinned'; readonly tools: PinnedTools }
  | { readonly type: 'failed'; readonly failure: Failure }
)

export const pinTools = async ({
  servers,
  policies,
  run,
  toolsets,
  clock,
  signal,
  log,
}: {
  readonly servers: readonly ToolServerBinding[]
  /** A server that one of them forbids is not contacted. */
  readonly policies: readonly EffectivePolicy[]
  readonly run: string
  readonly toolsets: RunToolsets
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly log: Logger
}): Promise<PinOutcome> => {
  const answers = await Promise.all(servers.map((binding) => list({ binding, policies, clock, signal })))
  const listings = answers.map(listingOf)
  const pinned: PinnedTool[] = []
  for (const answer of answers) {
    const { server, onUnavailable } = answer.binding
    if (answer.type === 'unavailable') {
      const { failure } = answer
      if (onUnavailable === 'fail') return { type: 'failed', failure, listings }
      log.warn({ server: server.name, code: failure.code, error: failure.message }, 'tool server left out')
      continue
    }
    const { definitions, digest: toolset } = answer
    const compared = toolsets.compare({ run, server: server.name, definitions })
    log.info({ server: server.name, tools: definitions.length, digest: toolset }, 'tools listed')
    const seen = Map.groupBy(definitions, ({ name }) => name)
    for (const [tool, same] of seen) {
      const [definition] = same
      // Two tools of one name: which one a call would reach is the server's secret.
      if (same.length > 1)
        log.warn({ server: server.name, tool }, 'tool refused: its server lists the name twice')
      else if (compared.get(tool) === 'new')
        log.warn({ server: server.name, tool }, 'tool left out: it is new since the run began')
      else if (definition !== undefined) {
        if (hidesSomething(definition))
          log.warn({ server: server.name, tool }, 'hidden characters removed from the definition of a tool')
        pinned.push({
          name: { server: server.name, tool },
          definition,
          server,
          address: addressOf(answer.binding),
          toolset,
          changed: compared.get(tool) === 'changed',
        })
      }
    }
  }
  return { type: 'pinned', tools: pinnedTools(pinned), listings }
}

/** What no rule about addresses allows. */
const nowhere: ServerAddress = { url: '', authenticated: false }
const addressOf = ({ address = nowhere }: ToolServerBinding): ServerAddress => address

type Answer = { readonly binding: ToolServerBinding; readonly durationMs: number } & (
  | { readonly type: 'listed'; readonly definitions: readonly ToolDefinition[]; readonly digest: string }
  | { readonly type: 'unavailable'; readonly failure: Failure }
)

const list = async ({
  binding,
  policies,
  clock,
  signal,
}: {
  readonly binding: ToolServerBinding
  readonly policies: readonly EffectivePolicy[]
  readonly clock: Clock
  readonly signal: AbortSignal
}): Promise<Answer> => {
  const started = clock.monotonic()
  const unavailable = (error: unknown): Answer => ({
    type: 'unavailable',
    binding,
    failure: failureFrom(error, `list the tools of server "${binding.server.name}"`),
    durationMs: Math.round(clock.monotonic() - started),
  })
  for (const policy of policies) {
    const denied = serverDenied({ policy, server: binding.server.name, address: addressOf(binding) })
    if (denied !== undefined) return unavailable(refusal('PolicyDenied', denied))
  }
  try {
    const definitions = await binding.server.listTools({ signal })
    const durationMs = Math.round(clock.monotonic() - started)
    const digest = toolsetDigest(definitions)
    for (const policy of policies) {
      const denied = toolsetDenied({ policy, server: binding.server.name, digest })
      if (denied !== undefined) return unavailable(refusal('ToolDefinitionChanged', denied))
    }
    return { type: 'listed', binding, definitions, digest, durationMs }
  } catch (error) {
    return unavailable(error)
  }
}

const listingOf = (answer: Answer): Listing => {
  const common = { server: answer.binding.server.name, durationMs: answer.durationMs }
  return answer.type === 'listed'
    ? { type: 'tools.listed', ...common, tools: answer.definitions.length, digest: answer.digest }
    : {
        type: 'tools.unavailable',
        ...common,
        code: answer.failure.code,
        message: answer.failure.message,
      }
}

const refusal = (
  code: 'PolicyDenied' | 'ToolDefinitionChanged',
  { message, remedy }: Denied,
): KubeswarmError => new KubeswarmError({ code, message, ...(remedy === undefined ? {} : { remedy }) })

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

const isCallable = (
  policy: EffectivePolicy,
  { name, definition, address, toolset, changed }: PinnedTool,
): boolean =>
  decideToolCall({
    policy,
    name,
    definition: changed ? 'changed' : definition,
    address,
    toolset,
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
