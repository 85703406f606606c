// The hub as an agent sees it: where its tasks come from and where everything it does is recorded first. Every reply
// that carries a policy carries the current one; the agent uses the newest it has seen for its next call.

import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import type { JournalRecord, RecordBody } from '../domain/journal/record.ts'
import type { Lease, LeaseProof, TaskStanding } from './task-queue.ts'
import type { Reservation } from './spend-ledger.ts'

export interface AssignedTask extends Lease {
  readonly policy: EffectivePolicy
  /** Records of this attempt that an earlier owner left behind; empty on a first start. */
  readonly history: readonly JournalRecord[]
}

export interface Standing extends TaskStanding {
  readonly policy: EffectivePolicy
}

export interface TaskSource {
  lease(request: {
    readonly holder: string
    readonly waitMs: number
    readonly signal: AbortSignal
  }): Promise<AssignedTask | undefined>
  /** Extends the lease. The answer may wait `waitMs` for a change of the task or its policy. */
  heartbeat(request: LeaseProof & { readonly waitMs?: number }): Promise<Standing>
  /** Durable when it resolves. */
  record(
    request: LeaseProof & { readonly records: readonly RecordBody[]; readonly contents?: readonly string[] },
  ): Promise<Standing>
  /** Records `llm.requested` and reserves its tokens in one step. */
  reserve(
    request: LeaseProof & {
      readonly record: RecordBody & { readonly type: 'llm.requested' }
      /** Appended before it in the same transaction, also when the reservation is refused. */
      readonly before?: { readonly records: readonly RecordBody[]; readonly contents: readonly string[] }
    },
  ): Promise<{ readonly standing: Standing; readonly reservation: Reservation }>
  finish(
    request: LeaseProof & { readonly records: readonly RecordBody[]; readonly contents?: readonly string[] },
  ): Promise<void>
  release(proof: LeaseProof): Promise<void>
  content(sha256: string): Promise<string | undefined>
}
