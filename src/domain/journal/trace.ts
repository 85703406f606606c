// A run as a tree of what took how long: the run, its steps, their attempts, the turns of the model in them, and the
// tool calls of each turn. A view of the journal; what is still under way ends at the last record.

import type { JournalCall } from './calls.ts'
import { callsOf } from './calls.ts'
import { costOf } from './cost.ts'
import type { JournalRecord, TokenUsage } from './record.ts'

export interface TraceSpan {
  readonly kind: 'run' | 'step' | 'attempt' | 'model' | 'tool'
  readonly name: string
  /** RFC 3339. */
  readonly at: string
  readonly durationMs: number
  readonly status: string
  readonly usage?: TokenUsage
  /** Refusals in it and below it. */
  readonly denied: number
  readonly message?: string
  readonly children: readonly TraceSpan[]
}

/** Undefined for a journal without its beginning. */
export const traceRun = (records: readonly JournalRecord[]): TraceSpan | undefined => {
  const [first] = records
  const last = records.at(-1)
  if (first?.type !== 'run.started' || last === undefined) return undefined
  const calls = callsOf(records)
  const steps = first.snapshot.steps.map(({ name, agent }) => stepSpan({ name, agent, records, calls, last }))
  const finished = records.findLast(({ type }) => type === 'run.finished' || type === 'run.reopened')
  const status = finished?.type === 'run.finished' ? finished.phase : 'Running'
  const { kind, source } = first.snapshot
  return {
    kind: 'run',
    name: `${kind} ${source}`,
    at: first.at,
    durationMs: between(first.at, finished?.type === 'run.finished' ? finished.at : last.at),
    status,
    usage: costOf(records).total,
    denied: sum(steps),
    ...(finished?.type === 'run.finished' && status !== 'Succeeded'
      ? { message: `${finished.reason}: ${finished.message}` }
      : {}),
    children: steps,
  }
}

const stepSpan = ({
  name,
  agent,
  records,
  calls,
  last,
}: {
  readonly name: string
  readonly agent: string
  readonly records: readonly JournalRecord[]
  readonly calls: readonly JournalCall[]
  readonly last: JournalRecord
}): TraceSpan => {
  const own = records.filter((record) => 'step' in record && record.step === name)
  const attempts = [...new Set(own.flatMap((record) => ('attempt' in record ? [record.attempt] : [])))]
  const children = attempts.map((attempt) =>
    attemptSpan({
      attempt,
      records: own.filter((record) => 'attempt' in record && record.attempt === attempt),
      calls: calls.filter((call) => call.step === name && call.attempt === attempt),
      last,
    }),
  )
  const skipped = own.find((record) => record.type === 'step.skipped' || record.type === 'step.failed')
  const end = children.at(-1)
  const from = children[0]?.at ?? skipped?.at ?? last.at
  return {
    kind: 'step',
    name: `${name} (${agent})`,
    at: from,
    durationMs: end === undefined ? 0 : between(from, end.at) + end.durationMs,
    status:
      skipped?.type === 'step.skipped'
        ? 'Skipped'
        : (end?.status ?? (skipped === undefined ? 'Pending' : 'Failed')),
    usage: costOf(own).total,
    denied: sum(children),
    ...(skipped?.type === 'step.skipped' || (skipped !== undefined && end === undefined)
      ? { message: skipped.message }
      : {}),
    children,
  }
}

const attemptSpan = ({
  attempt,
  records,
  calls,
  last,
}: {
  readonly attempt: number
  readonly records: readonly JournalRecord[]
  readonly calls: readonly JournalCall[]
  readonly last: JournalRecord
}): TraceSpan => {
  const begun = records.find(({ type }) => type === 'task.leased') ?? records[0] ?? last
  const end = records.find(
    ({ type }) => type === 'task.completed' || type === 'task.failed' || type === 'task.cancelled',
  )
  const turns = calls.filter((call) => call.kind === 'model')
  const children = [
    ...turns.map((call) => callSpan({ call, calls, last })),
    // An attempt that goes on with an earlier one makes calls that an earlier turn asked for.
    ...calls
      .filter((call) => call.kind === 'tool' && !turns.some(({ turn }) => turn === call.turn))
      .map((call) => callSpan({ call, calls: [], last })),
  ].toSorted((a, b) => a.at.localeCompare(b.at))
  const failure =
    end?.type === 'task.failed'
      ? `${end.code}: ${end.message}`
      : end?.type === 'task.cancelled'
        ? end.reason
        : undefined
  return {
    kind: 'attempt',
    name: `attempt ${attempt}`,
    at: begun.at,
    durationMs: between(begun.at, (end ?? last).at),
    status: statusOf(end, begun),
    usage: costOf(records).total,
    denied: sum(children),
    ...(failure === undefined ? {} : { message: failure }),
    children,
  }
}

const statusOf = (end: JournalRecord | undefined, begun: JournalRecord): string => {
  switch (end?.type) {
    case 'task.completed':
      return 'Succeeded'
    case 'task.failed':
      return 'Failed'
    case 'task.cancelled':
      return 'Cancelled'
    default:
      return begun.type === 'task.leased' ? 'Running' : 'Waiting'
  }
}

const callSpan = ({
  call,
  calls,
  last,
}: {
  readonly call: JournalCall
  readonly calls: readonly JournalCall[]
  readonly last: JournalRecord
}): TraceSpan => {
  const children =
    call.kind === 'tool'
      ? []
      : calls
          .filter((other) => other.kind === 'tool' && other.turn === call.turn)
          .map((other) => callSpan({ call: other, calls: [], last }))
  const said = [call.rule === undefined ? undefined : `[${call.rule}]`, call.message].filter(
    (text) => text !== undefined,
  )
  return {
    kind: call.kind,
    name: call.kind === 'model' ? call.model || 'model' : `${call.server}/${call.tool}`,
    at: call.at,
    durationMs: call.durationMs ?? (call.status === 'open' ? between(call.at, last.at) : 0),
    status: call.status,
    ...(call.kind === 'model' && call.usage !== undefined ? { usage: call.usage } : {}),
    denied: sum(children) + (call.status === 'denied' ? 1 : 0),
    ...(said.length === 0 ? {} : { message: said.join(' ') }),
    children,
  }
}

const sum = (spans: readonly TraceSpan[]): number => spans.reduce((total, { denied }) => total + denied, 0)

const between = (from: string, to: string): number => Math.max(0, Date.parse(to) - Date.parse(from))
