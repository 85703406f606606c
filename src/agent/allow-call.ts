// Where the agent asks the gate about a tool call, and the only place that can make an `AllowedCall`. `call-tool.ts`
// takes nothing else, so no call leaves the process that the gate was not asked about.

import { createHash } from 'node:crypto'
import { parseArguments, type ToolArguments } from '../domain/guardrail/arguments.ts'
import { canonicalJson } from '../domain/guardrail/canonical-json.ts'
import type { Denied } from '../domain/guardrail/decision.ts'
import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import { decideToolCall } from '../domain/guardrail/gate.ts'
import { type KnownSecret, withoutSecrets } from '../domain/guardrail/known-secrets.ts'
import type { ToolName } from '../domain/guardrail/tool-alias.ts'
import { toolEffect } from '../domain/guardrail/tool-effect.ts'
import type { ToolEffect } from '../domain/journal/record.ts'
import type { Task } from '../domain/run/task.ts'
import type { ToolServer } from '../ports/tool-server.ts'
import type { Call } from './conversation.ts'
import type { PinnedTools } from './pin-tools.ts'

declare const allowed: unique symbol

/** Permission for one call, good for one use. */
export interface AllowedCall {
  readonly [allowed]: true
  readonly server: ToolServer
  readonly name: ToolName
  readonly arguments: ToolArguments
  readonly effect: ToolEffect
  readonly idempotencyKey: string
  /** Asks the gate again, under the policies that hold by now. Undefined: the permission still stands. */
  readonly reconsider: (policies: readonly EffectivePolicy[]) => Refusal | undefined
}

export interface Refusal {
  readonly type: 'denied'
  readonly denied: Denied
  readonly name: ToolName
  /** What the model sent, for the journal: parsed where that was possible, else its beginning as text. No secrets. */
  readonly arguments: unknown
}

export type CallVerdict = { readonly type: 'allowed'; readonly call: AllowedCall } | Refusal

// The type keeps honest code honest; the set also stops a cast and a second use.
const issued = new WeakSet<AllowedCall>()

/** Redeems a permission. False for anything this file did not issue, and for a permission used before. */
export const redeem = (call: AllowedCall): boolean => issued.delete(call)

/** Asks the gate about one call. Every policy must allow it: the task's own at its start and the current one. */
export const allowCall = ({
  call,
  earlier,
  policies,
  tools,
  task,
  secrets,
}: {
  readonly call: Call
  /** Calls the attempt asked for before this one, in order. */
  readonly earlier: readonly Call[]
  readonly policies: readonly EffectivePolicy[]
  readonly tools: PinnedTools
  readonly task: Task
  readonly secrets: readonly KnownSecret[]
}): CallVerdict => {
  const pinned = tools.find(call.alias)
  const shown = (sent: unknown): unknown => withoutSecrets(sent, secrets)
  // Cut last: half a secret would not be known as one.
  const excerpt = (text: string, length: number): string => String(shown(text)).slice(0, length)
  const name = pinned?.name ?? { server: '', tool: excerpt(call.alias, MAX_SHOWN_NAME) }
  const parsed = parseArguments(call.arguments)
  const args = parsed.type === 'parsed' ? parsed.value : undefined
  const question = {
    name,
    definition: pinned === undefined ? 'unknown' : pinned.changed ? 'changed' : pinned.definition,
    address: pinned?.address,
    toolset: pinned?.toolset,
    arguments: args,
    input: task.input,
    earlier: {
      calls: earlier.length,
      identical: args === undefined ? 0 : identicalCalls({ pinned, args, earlier, tools }),
    },
    secrets,
  } as const
  const judge = (judges: readonly EffectivePolicy[]): Refusal | undefined => {
    for (const policy of judges) {
      const decision = decideToolCall({ policy, ...question })
      if (decision.type === 'denied') {
        return {
          type: 'denied',
          denied: decision,
          name,
          arguments: args === undefined ? excerpt(call.arguments, MAX_EXCERPT) : shown(args),
        }
      }
    }
    return undefined
  }
  const refusal = judge(policies)
  if (refusal !== undefined) return refusal
  const policy = policies.at(-1)
  if (pinned === undefined || policy === undefined)
    throw new Error('the gate allowed a call that has no tool or no policy')
  if (parsed.type === 'malformed' || args === undefined) {
    const message = parsed.type === 'malformed' ? parsed.message : 'the arguments are missing'
    return {
      type: 'denied',
      denied: misfit(name, message),
      name,
      arguments: excerpt(call.arguments, MAX_EXCERPT),
    }
  }
  const allowedBy = new Set(policies.map(({ revision }) => revision))
  const permission = {
    server: pinned.server,
    name,
    arguments: args,
    effect: effectOf(policies, pinned),
    idempotencyKey: idempotencyKey({ task, ordinal: earlier.length, name, args }),
    reconsider: (judges) => judge(judges.filter(({ revision }) => !allowedBy.has(revision))),
  } as AllowedCall
  issued.add(permission)
  return { type: 'allowed', call: permission }
}

const MAX_SHOWN_NAME = 256
const MAX_EXCERPT = 2048

const misfit = ({ server, tool }: ToolName, message: string): Denied => ({
  type: 'denied',
  reason: 'InvalidArguments',
  rule: { kind: 'builtin', name: 'arguments', field: `${server}/${tool}` },
  message: `the call of "${server}/${tool}" cannot be read: ${message}`,
})

const identicalCalls = ({
  pinned,
  args,
  earlier,
  tools,
}: {
  readonly pinned: ReturnType<PinnedTools['find']>
  readonly args: ToolArguments
  readonly earlier: readonly Call[]
  readonly tools: PinnedTools
}): number => {
  if (pinned === undefined) return 0
  const text = canonicalJson(args)
  return earlier.filter((other) => {
    if (tools.find(other.alias) !== pinned) return false
    const parsed = parseArguments(other.arguments)
    return parsed.type === 'parsed' && canonicalJson(parsed.value) === text
  }).length
}

const effectOf = (
  policies: readonly EffectivePolicy[],
  { name, definition }: NonNullable<ReturnType<PinnedTools['find']>>,
): ToolEffect => {
  const effects = policies.map((policy) =>
    toolEffect({
      policy,
      ...name,
      ...(definition.annotations === undefined ? {} : { annotations: definition.annotations }),
    }),
  )
  return effects.includes('write') ? 'write' : effects.includes('idempotent') ? 'idempotent' : 'read-only'
}

/** The same call of the same step has the same key in every attempt: a server that honours it acts once. */
const idempotencyKey = ({
  task,
  ordinal,
  name,
  args,
}: {
  readonly task: Task
  readonly ordinal: number
  readonly name: ToolName
  readonly args: ToolArguments
}): string =>
  createHash('sha256')
    .update(canonicalJson([task.run.uid, task.step, ordinal, name.server, name.tool, args]))
    .digest('hex')
