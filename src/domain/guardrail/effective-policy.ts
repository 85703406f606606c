// What one agent may do at this moment: agent ∩ all policies of its namespace. Computed by the operator, kept in the
// store, handed out by the hub with each lease and renewed in every heartbeat and journal reply. This file is the
// shape; `merge-policies.ts` computes it and `gate.ts` answers questions about it.

import type { ToolTrustLevel } from '../../api/v1alpha1/index.ts'
import type { ToolEffect } from '../journal/record.ts'

/** A pattern and where it was written, so that each decision can name the rule that made it. */
export interface Rule {
  /** Glob over `<server>/<tool>` (or over model names): `*` matches within one segment, a lone `*` everything. */
  readonly pattern: string
  readonly source: RuleSource
}
export interface RuleSource {
  readonly kind: 'SwarmAgent' | 'SwarmPolicy' | 'SwarmSettings' | 'builtin'
  readonly name: string
  /** Kubernetes field path in that object. */
  readonly field: string
}

/** A number and where it was written. */
export interface Limit {
  readonly value: number
  readonly source: RuleSource
}

export type ArgumentConstraint = {
  /** Dotted path into the arguments. */
  readonly path: string
  readonly optional: boolean
} & (
  | { readonly type: 'const'; readonly value: unknown }
  | { readonly type: 'enum'; readonly values: readonly unknown[] }
  | { readonly type: 'pattern'; readonly pattern: string }
  | { readonly type: 'maxLength'; readonly maxLength: number }
  | { readonly type: 'fromInput'; readonly input: string }
)
export interface ToolConstraint extends Rule {
  readonly args: readonly ArgumentConstraint[]
}

/** What the author of the agent says a call does to the world outside. */
export interface DeclaredEffect extends Rule {
  readonly effect: ToolEffect
}

/** How thoroughly an output is checked, from not at all. */
export type OutputLevel = 'none' | 'pattern' | 'schema' | 'semantic'

/** How far one server is trusted. */
export interface TrustRule {
  readonly level: ToolTrustLevel
  readonly source: RuleSource
}

/** A tool server as a process would contact it. */
export interface ServerAddress {
  readonly url: string
  /** Whether a credential is sent. */
  readonly authenticated: boolean
}

/** What the agent's SwarmSettings demand of tool servers, whatever their tools. */
export interface ServerRules {
  /** Each list must hold an address that covers the server's; the patterns are addresses. */
  readonly allow: readonly { readonly source: RuleSource; readonly addresses: readonly Rule[] }[]
  readonly requireAuth?: RuleSource
  /** Settings that the agent names and that are not there: nothing is contacted until they are. */
  readonly unreadable: readonly { readonly name: string; readonly source: RuleSource }[]
  /** What the agent's manifest says, by server. */
  readonly declared: Readonly<Record<string, ServerAddress>>
}

export interface EffectivePolicy {
  readonly agent: { readonly namespace: string; readonly name: string }
  /** Changes whenever any answer could change: a hash of everything below. */
  readonly revision: string
  readonly tools: {
    /** The agent's own servers; a tool of any other server does not exist for it. */
    readonly servers: readonly string[]
    /** Absent where no settings of the agent speak of servers. */
    readonly serverRules?: ServerRules
    /** Each list must match (lists intersect); an absent outer array means every tool of the agent's own servers. */
    readonly allow: readonly (readonly Rule[])[]
    readonly deny: readonly Rule[]
    readonly constraints: readonly ToolConstraint[]
    /** Undeclared tools count as `write`. */
    readonly effects: readonly DeclaredEffect[]
    /** By server; those that nobody speaks of are `external`. */
    readonly trust?: Readonly<Record<string, TrustRule>>
    /** By server: the digest of the definitions that were approved. */
    readonly pins?: Readonly<Record<string, { readonly digest: string; readonly source: RuleSource }>>
  }
  readonly output?: {
    /** Regular expressions that no output of a step may match. */
    readonly deny: readonly Rule[]
    /** Least thorough check that a step must carry. */
    readonly minValidation?: { readonly level: OutputLevel; readonly source: RuleSource }
  }
  readonly models: {
    readonly allow: readonly (readonly Rule[])[]
    readonly deny: readonly Rule[]
  }
  readonly limits: {
    /** Prompt estimate plus answer of one model call. */
    readonly tokensPerCall: Limit
    readonly answerTokensPerCall?: Limit
    readonly thinkingTokensPerCall?: Limit
    readonly timeoutSeconds: Limit
    readonly concurrentTasks: Limit
    readonly retries: Limit
    readonly dailyTokens?: Limit
    readonly namespaceDailyTokens?: Limit
    readonly turnsPerTask: Limit
    readonly callsPerTask: Limit
    readonly identicalCalls: Limit
  }
}
