// What travels between hub, agents and CLI over HTTP. Paths, bodies and answers in one place; both sides import it.
// Every request carries `Authorization: Bearer <Kubernetes token>`: an agent's ServiceAccount token (audience
// `kubeswarm-hub`) opens its own tasks only; a user's token opens what RBAC lets it read.
//
// Errors are `{ error: { code, message, remedy? } }` with 400 (bad request), 401, 403, 404, 409 (StaleLease), 413,
// 429 and 503 (with Retry-After).

import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import type { ChainResult } from '../domain/journal/hash-chain.ts'
import type { JournalRecord, RecordBody, ResolvedOutcome } from '../domain/journal/record.ts'
import type { Task } from '../domain/run/task.ts'
import type { Drop, DropReason } from '../domain/trigger/weigh.ts'
import type { Reservation } from '../ports/spend-ledger.ts'

export const HUB_AUDIENCE = 'kubeswarm-hub'

export const paths = {
  /** POST LeaseRequest → 200 LeaseReply | 204 after waitMs */
  lease: '/v1/tasks/lease',
  /** POST HeartbeatRequest → 200 StandingReply, after waitMs at the latest */
  heartbeat: '/v1/tasks/heartbeat',
  /** POST RecordRequest → 200 StandingReply */
  record: '/v1/tasks/record',
  /** POST ReserveRequest → 200 ReserveReply */
  reserve: '/v1/tasks/reserve',
  /** POST RecordRequest → 204 */
  finish: '/v1/tasks/finish',
  /** POST ProofRequest → 204 */
  release: '/v1/tasks/release',
  /** GET → 200 text/plain; agents may read contents of their own runs only */
  content: '/v1/contents/:sha256',
  /**
   * GET [?follow=true][&after=seq][&uid=uid] → 200 application/x-ndjson of JournalRecord, and empty lines while
   * nothing happens; a follow ends with the run. Without uid: the newest run of that name.
   */
  journal: '/v1/namespaces/:namespace/runs/:name/journal',
  /** GET → 200 text/plain, the step's whole output */
  stepOutput: '/v1/namespaces/:namespace/runs/:name/steps/:step/output',
  /**
   * GET [?run=&agent=&tool=&status=&since=&limit=] → 200 application/x-ndjson of AuditEntry, in the order of time: the
   * newest `limit` of those that match; opens to those who may list runs
   */
  audit: '/v1/namespaces/:namespace/audit',
  /** The same over all namespaces */
  auditOfAll: '/v1/audit',
  /** GET [?run=] → 200 application/x-ndjson of Verification, one for each run, the newest first */
  verification: '/v1/namespaces/:namespace/verification',
  verificationOfAll: '/v1/verification',
  /** POST ResolveRequest → 200 ResolveReply; opens to those who may update the run */
  resolve: '/v1/namespaces/:namespace/runs/:name/resolve',
  /**
   * POST [?mode=sync|sse][&timeout=30s] → 202 FireReply; with `sync` 200, 500 or 504 SyncReply when the run has ended;
   * with `sse` 200 text/event-stream of FireProgress. The webhook inbox.
   */
  fire: '/triggers/:namespace/:event/fire',
  /** GET [?limit=20] → 200 DeliveriesReply, newest first; for who may get the event */
  deliveries: '/v1/namespaces/:namespace/events/:event/deliveries',
  /** GET → 200 QueueReply; for who may get the agent */
  queue: '/v1/namespaces/:namespace/agents/:name/queue',
  healthz: '/healthz',
  readyz: '/readyz',
} as const

export interface ProofRequest {
  readonly task: string
  readonly fence: number
}
export interface HeartbeatRequest extends ProofRequest {
  /** The answer may wait so long for a change of the task or its policy; left out: not at all. */
  readonly waitMs?: number
}
export interface LeaseRequest {
  readonly holder: string
  readonly waitMs: number
}
export interface LeaseReply {
  readonly task: Task
  readonly fence: number
  readonly expiresAt: string
  readonly policy: EffectivePolicy
  readonly history: readonly JournalRecord[]
}
export interface RecordRequest extends ProofRequest {
  readonly records: readonly RecordBody[]
  readonly contents?: readonly string[]
}
export interface StandingReply {
  readonly expiresAt: string
  readonly cancelled?: { readonly reason: string }
  readonly policy: EffectivePolicy
}
export interface ReserveRequest extends ProofRequest {
  readonly record: RecordBody & { readonly type: 'llm.requested' }
  /** What happened since the last write; appended first, also when the reservation is refused. */
  readonly before?: { readonly records: readonly RecordBody[]; readonly contents?: readonly string[] }
}
export interface ReserveReply {
  readonly standing: StandingReply
  readonly reservation: Reservation
}
export interface Verification {
  readonly namespace: string
  readonly run: string
  readonly uid: string
  readonly result: ChainResult
}
export interface ResolveRequest {
  /** Left out: the only step that has unknown calls. */
  readonly step?: string
  readonly outcome: ResolvedOutcome
  readonly result?: string
}
export interface ResolveReply {
  readonly step: string
  /** `server/tool` of each call that is resolved now. */
  readonly calls: readonly string[]
  readonly by: string
  /** The run goes on; otherwise these steps have unknown calls still. */
  readonly reopened: boolean
  readonly left: readonly string[]
}
export interface FireReply {
  readonly accepted: true
  /** Empty where nothing starts. */
  readonly run: string
  readonly runs: readonly string[]
  readonly duplicate: boolean
  /** Why nothing starts, or by which runs it is answered already. */
  readonly dropped?: { readonly reason: DropReason; readonly message: string }
}
/** What became of the run that a sender waited for. */
export interface SyncReply {
  readonly status: 'succeeded' | 'failed' | 'cancelled' | 'timeout' | 'dropped'
  readonly run: string
  readonly output: string
  readonly error?: string
  readonly durationMs: number
  readonly tokenUsage: { readonly inputTokens: number; readonly outputTokens: number }
}
/** The events of a stream; `token` carries the text of one model turn. */
export type FireProgress =
  | { readonly event: 'run.accepted'; readonly data: FireReply }
  | { readonly event: 'step.started'; readonly data: { readonly step: string; readonly attempt: number } }
  | { readonly event: 'token'; readonly data: { readonly step: string; readonly text: string } }
  | { readonly event: 'step.completed'; readonly data: { readonly step: string; readonly output: string } }
  | {
      readonly event: 'step.failed'
      readonly data: { readonly step: string; readonly code: string; readonly message: string }
    }
  | { readonly event: 'flow.completed' | 'flow.failed'; readonly data: SyncReply }
  | { readonly event: 'error'; readonly data: { readonly message: string } }
export interface DeliveriesReply {
  readonly deliveries: readonly {
    readonly delivery: string
    readonly receivedAt: string
    readonly runs: readonly string[]
    readonly subject?: string
    readonly dropped?: Drop
  }[]
}
/** Unfinished tasks of an agent. */
export interface QueueReply {
  readonly queued: number
  readonly leased: number
  /** Age of the oldest queued task. */
  readonly oldestAgeMs?: number
}
export interface ErrorReply {
  readonly error: { readonly code: string; readonly message: string; readonly remedy?: string }
}
