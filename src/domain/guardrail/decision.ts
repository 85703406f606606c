// The answers of the gate: closed unions, each negative one naming the rule that made it.

import type { RuleSource } from './effective-policy.ts'

export type DenialReason =
  | 'ToolDenied'
  | 'ToolNotAllowed'
  | 'UnknownTool'
  | 'ServerNotAllowed'
  | 'ServerUnauthenticated'
  | 'InvalidArguments'
  | 'ConstraintViolated'
  | 'SecretInArguments'
  | 'CallLimitReached'
  | 'LoopDetected'
  | 'ToolDefinitionChanged'
  | 'OutputDenied'
  | 'OutputUnchecked'
  | 'ModelDenied'
  | 'ModelNotAllowed'
  | 'TokensPerCallExceeded'
  | 'DailyTokensExhausted'
  | 'PolicyUnavailable'

export interface Denied {
  readonly type: 'denied'
  readonly reason: DenialReason
  readonly rule: RuleSource & { readonly pattern?: string }
  /** One sentence for people and for the model: what was refused, and by which rule. */
  readonly message: string
  readonly remedy?: string
}

export type ToolDecision = { readonly type: 'allowed' } | Denied
export type ModelDecision = { readonly type: 'allowed'; readonly maxOutputTokens: number } | Denied

/** `SwarmPolicy incident-policy spec.tools.deny[0] "shell/*"`: how a rule is named in journal, log and CLI. */
export const describeRule = ({ kind, name, field, pattern }: Denied['rule']): string =>
  `${kind} ${name} ${field}${pattern === undefined ? '' : ` "${pattern}"`}`
