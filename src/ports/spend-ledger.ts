// The spend ledger: tokens reserved before each model call and settled after it, per agent and per namespace day
// (UTC). A limit can be overshot only by the calls in flight.

import type { AgentKey } from '../domain/run/task.ts'

export interface SpendLedger {
  /** Reserves `tokens` against both ceilings, or says which one is exhausted. Idempotent by `key`. */
  reserve(request: {
    /** Record key of the `llm.requested` it belongs to, prefixed by the run's uid. */
    readonly key: string
    readonly agent: AgentKey
    readonly tokens: number
    readonly agentLimit?: number
    readonly namespaceLimit?: number
  }): Promise<Reservation>

  /** Replaces the reservation by what was used. Unknown keys are ignored. */
  settle(request: { readonly key: string; readonly tokens: number }): Promise<void>

  spentToday(agent: AgentKey): Promise<{ readonly agent: number; readonly namespace: number }>
}

export type Reservation =
  | { readonly type: 'reserved' }
  | {
      readonly type: 'exhausted'
      readonly scope: 'agent' | 'namespace'
      readonly limit: number
      readonly spent: number
      /** RFC 3339: when the day ends. */
      readonly resetsAt: string
    }
