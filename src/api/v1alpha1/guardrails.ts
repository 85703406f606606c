// What an agent may do, and how much: permissions, argument constraints, limits. The namespace's SwarmPolicies can
// only tighten what is written here.

import {
  anyValue,
  choice,
  described,
  flag,
  integer,
  list,
  longInteger,
  mapOf,
  object,
  optional,
  text,
  texts,
  type TypeOf,
} from '../schema.ts'
import { LocalObjectReference } from './references.ts'
import { toolTrustLevels } from './tools.ts'

export const ArgumentRule = object(
  'What one argument of a call must be. Exactly one of const, enum, pattern, maxLength and fromInput.',
  {
    const: optional(anyValue('The only value accepted.')),
    enum: optional(list(anyValue('One accepted value.'), 'The values accepted.', { maxItems: 100 })),
    pattern: optional(
      text('A regular expression (RE2) that the whole text must match.', { maxLength: 1024 }),
    ),
    maxLength: optional(integer('Longest text accepted, in characters.', { minimum: 0 })),
    fromInput: optional(
      text(
        'Name of a run input. The argument must equal it, so the model cannot choose another; an absent input denies the call.',
        { minLength: 1, maxLength: 256 },
      ),
    ),
    optional: optional(flag('Whether the call may leave the argument out.', { default: false })),
  },
)
export type ArgumentRule = TypeOf<typeof ArgumentRule>

export const ToolConstraint = object(
  'Narrows every call of the tools it matches. Real servers are coarse: one tool may acknowledge and resolve.',
  {
    tool: text('Pattern over `<server>/<tool>`.', { minLength: 1, maxLength: 512 }),
    args: mapOf(
      ArgumentRule,
      'Rules by dotted path into the arguments. All must hold; a missing argument fails unless its rule is optional.',
      { maxProperties: 50 },
    ),
  },
)
export type ToolConstraint = TypeOf<typeof ToolConstraint>

export const toolConstraints = optional(
  list(ToolConstraint, 'Rules on the arguments of calls that are otherwise allowed.', { maxItems: 100 }),
)

export const declaredEffects = ['ReadOnly', 'Idempotent', 'Write'] as const

export const ToolEffectDeclaration = object('What calling the tools it matches does to the world outside.', {
  tool: text('Pattern over `<server>/<tool>`.', { minLength: 1, maxLength: 512 }),
  effect: choice(
    declaredEffects,
    '`ReadOnly`: changes nothing, so calls may run side by side and be tried again. `Idempotent`: a second equal call changes nothing more, so it may be tried again. `Write`: may be called once only, and is taken not to read; a tool that reads and writes is better left undeclared.',
  ),
})

const ToolTrustPolicy = object('Trust of tools that declare none.', {
  default: optional(
    choice(toolTrustLevels, 'Trust level of a server that declares none.', { default: 'external' }),
  ),
})

export const ToolPermissions = object('Which tools may be called. Deny wins over allow.', {
  allow: optional(
    texts(
      'Patterns over `<server>/<tool>`; when set, nothing else is callable. Left out: every tool of the agent’s own servers.',
      { maxItems: 100 },
    ),
  ),
  deny: optional(texts('Patterns over `<server>/<tool>` that are never callable.', { maxItems: 100 })),
  constraints: toolConstraints,
  effects: optional(
    list(
      ToolEffectDeclaration,
      'What tools do to the world outside. Declared by you, because servers lie: what a server says of its own tools can make a declaration stricter and never milder. Where several match, the strictest counts; a tool that none matches counts as a write, and for the separation check as everything.',
      { maxItems: 100 },
    ),
  ),
  trust: optional(ToolTrustPolicy),
})
export type ToolPermissions = TypeOf<typeof ToolPermissions>

const CircuitBreakerConfig = object('When to stop calling a failing model for a while.', {
  failureThreshold: optional(
    integer('Failures in a row that open the circuit.', { default: 5, minimum: 1, maximum: 100 }),
  ),
  cooldownSeconds: optional(
    integer('Seconds without calls once it is open.', { default: 30, minimum: 1, maximum: 600 }),
  ),
  halfOpenMaxCalls: optional(
    integer('Calls let through to try again.', { default: 1, minimum: 1, maximum: 10 }),
  ),
})

export const GuardrailLimits = object('How much the agent may use.', {
  tokensPerCall: optional(
    integer('Tokens of one model call: estimated prompt plus answer.', { default: 8000 }),
  ),
  concurrentTasks: optional(integer('Tasks one replica works on at a time.', { default: 5 })),
  timeoutSeconds: optional(integer('Seconds one task may take.', { default: 120 })),
  dailyTokens: optional(
    longInteger('Tokens the agent may use in 24 hours. Left out: no own limit.', { minimum: 1 }),
  ),
  retries: optional(
    integer('How often a failed task is tried again; 0 means never.', {
      default: 3,
      minimum: 0,
      maximum: 100,
    }),
  ),
  maxThinkingTokensPerCall: optional(
    integer('Tokens of hidden reasoning in one model call.', { minimum: 1, maximum: 200000 }),
  ),
  maxAnswerTokensPerCall: optional(
    integer('Tokens of the visible answer of one model call.', { minimum: 1, maximum: 200000 }),
  ),
  circuitBreaker: optional(CircuitBreakerConfig),
})
export type GuardrailLimits = TypeOf<typeof GuardrailLimits>

export const AgentGuardrails = object('What the agent may do, and how much.', {
  tools: optional(ToolPermissions),
  budgetRef: optional(described('SwarmBudget that pays for the agent.', LocalObjectReference)),
  limits: optional(GuardrailLimits),
})
export type AgentGuardrails = TypeOf<typeof AgentGuardrails>
