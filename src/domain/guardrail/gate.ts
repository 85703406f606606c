// The one gate. Admission, the agent's loop, `swarm can-i` and the dashboard ask these two questions and nothing else
// decides: may this tool be called with these arguments, and may this model be asked? Denials name their rule.

import type { ToolArguments } from './arguments.ts'
import { constraintViolation } from './constraints.ts'
import type { Denied, ModelDecision, ToolDecision } from './decision.ts'
import { describeRule } from './decision.ts'
import type { EffectivePolicy, Limit, Rule, ServerAddress } from './effective-policy.ts'
import { matchesModel, matchesTool } from './glob.ts'
import { inputFault, type InputSchema } from './input-schema.ts'
import { type KnownSecret, secretIn } from './known-secrets.ts'
import { toolsetDenied } from './toolset.ts'
import { trustIn } from './trust.ts'
import { serverDenied } from './server-rules.ts'
import type { ToolName } from './tool-alias.ts'

export interface ToolQuestion {
  readonly policy: EffectivePolicy
  readonly name: ToolName
  /**
   * What the tool's server offers under that name: its pinned schema, `unknown` when it offers no such tool, or
   * `not-connected` when the question is asked without a connection (`can-i`, what-if), `changed` when it is another
   * one than the run was first shown. Only a schema permits a call.
   */
  readonly definition: { readonly inputSchema: InputSchema } | 'unknown' | 'changed' | 'not-connected'
  /** Digest of all that the server offers; left out where nobody is connected. */
  readonly toolset?: string | undefined
  /** Where the process would call it; left out, where the agent's manifest says the server is. */
  readonly address?: ServerAddress | undefined
  /** Undefined when the question is about the tool as such: schema and constraints are then not looked at. */
  readonly arguments: ToolArguments | undefined
  readonly input: Readonly<Record<string, string>>
  /** Calls the task asked for before this one. */
  readonly earlier: { readonly calls: number; readonly identical: number }
  /** Values that must not leave the process in an argument; nobody but an agent holds any. */
  readonly secrets?: readonly KnownSecret[]
}

/**
 * Judges one tool call: it exists, its server may be reached, it is not denied, is allowed, fits its schema and
 * constraints, gives no secret away, is within the caps.
 */
export const decideToolCall = (question: ToolQuestion): ToolDecision =>
  unknownTool(question) ??
  serverForbidden(question) ??
  definitionChanged(question) ??
  deniedByPattern(question) ??
  notAllowed(question) ??
  invalidArguments(question) ??
  constraintBroken(question) ??
  secretCarried(question) ??
  capReached(question) ?? { type: 'allowed' }

type Check = (question: ToolQuestion) => Denied | undefined

const unknownTool: Check = ({ policy, name, definition }) => {
  if (policy.tools.servers.includes(name.server) && definition !== 'unknown') return undefined
  const whose = policy.tools.servers.includes(name.server)
    ? `server "${name.server}" offers no tool "${name.tool}"`
    : `agent ${policy.agent.name} has no tool "${shown(name)}"`
  return {
    type: 'denied',
    reason: 'UnknownTool',
    rule: { kind: 'SwarmAgent', name: policy.agent.name, field: 'spec.tools.mcp' },
    message: `${whose}; names must match exactly`,
  }
}

const serverForbidden: Check = ({ policy, name, address }) =>
  serverDenied({ policy, server: name.server, address })

const definitionChanged: Check = ({ policy, name, definition, toolset }) => {
  if (definition === 'not-connected') return undefined
  if (definition === 'changed')
    return {
      type: 'denied',
      reason: 'ToolDefinitionChanged',
      rule: { kind: 'builtin', name: 'tools', field: 'fixed for a run' },
      message: `server "${name.server}" has changed its tool "${name.tool}" since the run began`,
      remedy: 'start a new run if the change is wanted',
    }
  return toolsetDenied({ policy, server: name.server, digest: toolset ?? 'unknown' })
}

const deniedByPattern: Check = ({ policy, name }) => {
  const rule = policy.tools.deny.find(({ pattern }) => matchesTool(pattern, name))
  if (rule === undefined) return undefined
  return {
    type: 'denied',
    reason: 'ToolDenied',
    rule: named(rule),
    message: `tool "${shown(name)}" is denied by ${describeRule(named(rule))}`,
  }
}

const notAllowed: Check = ({ policy, name }) => {
  for (const list of policy.tools.allow) {
    if (list.some(({ pattern }) => matchesTool(pattern, name))) continue
    const rule = listSource(list, {
      kind: 'SwarmAgent',
      name: policy.agent.name,
      field: 'spec.guardrails.tools.allow',
    })
    return {
      type: 'denied',
      reason: 'ToolNotAllowed',
      rule,
      message: `tool "${shown(name)}" is not in ${describeRule(rule)} (${patterns(list)})`,
      remedy: `add "${shown(name)}" to ${describeRule(rule)} if the agent should call it`,
    }
  }
  return undefined
}

const invalidArguments: Check = ({ policy, name, definition, arguments: args }) => {
  if (args === undefined || typeof definition === 'string') return undefined
  const fault = inputFault(definition.inputSchema, args, trustIn(policy, name.server))
  if (fault === undefined) return undefined
  return {
    type: 'denied',
    reason: 'InvalidArguments',
    rule: { kind: 'builtin', name: 'input-schema', field: `${shown(name)} inputSchema` },
    message: `the arguments of "${shown(name)}" do not fit its input schema: ${fault}`,
  }
}

const constraintBroken: Check = ({ policy, name, arguments: args, input }) => {
  if (args === undefined) return undefined
  const violation = constraintViolation({
    constraints: policy.tools.constraints,
    name,
    arguments: args,
    input,
  })
  if (violation === undefined) return undefined
  const rule = named(violation.constraint)
  return {
    type: 'denied',
    reason: 'ConstraintViolated',
    rule,
    message: `${violation.message}, says ${describeRule(rule)}`,
  }
}

// The value is in no message: what was refused here must not be told elsewhere.
const secretCarried: Check = ({ name, arguments: args, secrets = [] }) => {
  const secret = args === undefined ? undefined : secretIn(args, secrets)
  if (secret === undefined) return undefined
  return {
    type: 'denied',
    reason: 'SecretInArguments',
    rule: { kind: 'builtin', name: 'known-secrets', field: secret.name },
    message: `the arguments of "${shown(name)}" carry the value of ${secret.name}, which the agent's process holds`,
    remedy: `find out where the model read ${secret.name}, and change the secret`,
  }
}

const capReached: Check = ({ policy, name, earlier }) => {
  const { callsPerTask, identicalCalls } = policy.limits
  if (earlier.identical >= identicalCalls.value) {
    return {
      type: 'denied',
      reason: 'LoopDetected',
      rule: identicalCalls.source,
      message: `"${shown(name)}" was called ${earlier.identical} times with the same arguments`,
    }
  }
  if (earlier.calls >= callsPerTask.value) {
    return {
      type: 'denied',
      reason: 'CallLimitReached',
      rule: callsPerTask.source,
      message: `the task has made its ${callsPerTask.value} tool calls`,
    }
  }
  return undefined
}

/** Fewer tokens than these hold no useful answer; asking would only buy a truncated one. */
export const MIN_ANSWER_TOKENS = 64

/** Judges one model call and says how long its answer may be. */
export const decideModelCall = ({
  policy,
  model,
  estimatedInputTokens,
}: {
  readonly policy: EffectivePolicy
  readonly model: string
  readonly estimatedInputTokens: number
}): ModelDecision => {
  const denied = modelDenied({ policy, model })
  if (denied !== undefined) return denied
  const { tokensPerCall, answerTokensPerCall } = policy.limits
  const left = tokensPerCall.value - estimatedInputTokens
  if (left < MIN_ANSWER_TOKENS) {
    return {
      type: 'denied',
      reason: 'TokensPerCallExceeded',
      rule: tokensPerCall.source,
      message:
        `the prompt is about ${estimatedInputTokens} tokens and ${describeRule(tokensPerCall.source)} allows ` +
        `${tokensPerCall.value} for prompt and answer together`,
      remedy: `raise ${describeRule(tokensPerCall.source)}, or give the step shorter inputs`,
    }
  }
  return { type: 'allowed', maxOutputTokens: Math.min(left, valueOr(answerTokensPerCall, left)) }
}

/** The lists alone: also asked about the model that answered, which need not be the one that was asked. */
export const modelDenied = ({
  policy,
  model,
}: {
  readonly policy: EffectivePolicy
  readonly model: string
}): Denied | undefined => {
  const deny = policy.models.deny.find(({ pattern }) => matchesModel(pattern, model))
  if (deny !== undefined) {
    const rule = named(deny)
    const message = `model "${model}" is denied by ${describeRule(rule)}`
    return { type: 'denied', reason: 'ModelDenied', rule, message }
  }
  for (const list of policy.models.allow) {
    if (list.some(({ pattern }) => matchesModel(pattern, model))) continue
    const rule = listSource(list, { kind: 'builtin', name: 'models', field: 'allowed' })
    const message = `model "${model}" is not in ${describeRule(rule)} (${patterns(list)})`
    return { type: 'denied', reason: 'ModelNotAllowed', rule, message }
  }
  return undefined
}

const shown = ({ server, tool }: ToolName): string => (server === '' ? tool : `${server}/${tool}`)

const named = ({ pattern, source }: Rule): Denied['rule'] => ({ ...source, pattern })

const patterns = (list: readonly Rule[]): string =>
  list.length === 0 ? 'empty: nothing is allowed' : list.map(({ pattern }) => pattern).join(', ')

/** A list has no single rule that denied; the field that holds it stands for it. */
const listSource = (list: readonly Rule[], empty: Denied['rule']): Denied['rule'] => {
  const first = list[0]
  return first === undefined ? empty : { ...first.source, field: first.source.field.replace(/\[\d+\]$/, '') }
}

const valueOr = (limit: Limit | undefined, otherwise: number): number => limit?.value ?? otherwise
