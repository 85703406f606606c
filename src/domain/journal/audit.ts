// The audit view of a run: who did what, when, by which permission, and what came of it. One entry for each call and
// each refusal, and for each word of a person; texts of prompts and answers are not in it.

import { matchesTool } from '../guardrail/glob.ts'
import type { JournalCall } from './calls.ts'
import { callsOf } from './calls.ts'
import type { JournalRecord, RunKey, TokenUsage } from './record.ts'

export const auditStatuses = ['ok', 'error', 'denied', 'unknown', 'open'] as const
export type AuditStatus = (typeof auditStatuses)[number]

export interface AuditEntry {
  readonly at: string
  readonly namespace: string
  readonly run: string
  /** Of the run. */
  readonly uid: string
  /** Number of the record in the run's journal that the entry begins with. */
  readonly seq: number
  readonly kind: 'run' | 'model' | 'tool' | 'person'
  readonly step?: string
  readonly attempt?: number
  /** SwarmAgent that acted. */
  readonly agent?: string
  /** `server/tool`, the model, or what happened to the run. */
  readonly subject: string
  readonly status: AuditStatus
  readonly arguments?: unknown
  readonly effect?: string
  readonly rule?: string
  readonly message?: string
  readonly durationMs?: number
  readonly usage?: TokenUsage
  /** Person who decided. */
  readonly by?: string
}

export interface AuditFilter {
  readonly agent?: string
  /** Glob over `server/tool`. */
  readonly tool?: string
  readonly status?: AuditStatus
  /** RFC 3339: nothing before it. */
  readonly since?: string
}

/** In the order in which things began. */
export const auditRun = (run: RunKey, records: readonly JournalRecord[]): readonly AuditEntry[] => {
  const agents = new Map(
    records.flatMap((record) =>
      record.type === 'run.started' ? record.snapshot.steps.map(({ name, agent }) => [name, agent]) : [],
    ),
  )
  const { namespace, name, uid } = run
  const common = { namespace, run: name, uid }
  const agentOf = (step: string) => (agents.has(step) ? { agent: agents.get(step) as string } : {})
  const calls = callsOf(records).map((call): AuditEntry => ({
    ...common,
    ...agentOf(call.step),
    ...callEntry(call),
  }))
  const others = records.flatMap((record): readonly AuditEntry[] => {
    const entry = otherEntry(record)
    return entry === undefined ? [] : [{ ...common, at: record.at, seq: record.seq, ...entry }]
  })
  return [...calls, ...others].toSorted((a, b) => a.seq - b.seq)
}

export const matchesAudit = (entry: AuditEntry, { agent, tool, status, since }: AuditFilter): boolean =>
  (agent === undefined || entry.agent === agent) &&
  (status === undefined || entry.status === status) &&
  (since === undefined || entry.at >= since) &&
  (tool === undefined || (entry.kind === 'tool' && matchesTool(tool, toolNameOf(entry.subject))))

const toolNameOf = (subject: string): { readonly server: string; readonly tool: string } => {
  const slash = subject.indexOf('/')
  return { server: subject.slice(0, slash), tool: subject.slice(slash + 1) }
}

const callEntry = (call: JournalCall): Omit<AuditEntry, 'namespace' | 'run' | 'uid' | 'agent'> => {
  const { seq, at, step, attempt, status, rule, message, durationMs } = call
  const common = {
    seq,
    at,
    step,
    attempt,
    status,
    ...(rule === undefined ? {} : { rule }),
    ...(message === undefined ? {} : { message }),
    ...(durationMs === undefined ? {} : { durationMs }),
  }
  if (call.kind === 'model') {
    const { model, usage } = call
    return { ...common, kind: 'model', subject: model, ...(usage === undefined ? {} : { usage }) }
  }
  const { server, tool, arguments: args, effect } = call
  return {
    ...common,
    kind: 'tool',
    subject: `${server}/${tool}`,
    arguments: args,
    ...(effect === undefined ? {} : { effect }),
  }
}

type OtherEntry = Pick<AuditEntry, 'kind' | 'subject' | 'status' | 'step' | 'message' | 'by'>

const otherEntry = (record: JournalRecord): OtherEntry | undefined => {
  switch (record.type) {
    case 'run.started': {
      const { kind, source } = record.snapshot
      return { kind: 'run', subject: 'started', status: 'ok', message: `${kind} ${source}` }
    }
    case 'run.finished': {
      const { phase, reason, message } = record
      const status = phase === 'Succeeded' ? 'ok' : reason === 'OutcomeUnknown' ? 'unknown' : 'error'
      return { kind: 'run', subject: phase, status, message: `${reason}: ${message}` }
    }
    case 'tool.resolved': {
      const { step, server, tool, outcome, by } = record
      const message = `says that ${server}/${tool} was ${outcome === 'done' ? 'done' : 'not done'}`
      return { kind: 'person', subject: 'resolved', status: 'ok', step, message, by }
    }
    case 'run.reopened':
      return { kind: 'person', subject: 'reopened', status: 'ok', message: 'the run goes on', by: record.by }
    default:
      return undefined
  }
}
