// Where a run's time went: model, tools (calls, and asking servers what they offer), and the rest, which is ours. Overlapping calls count once.

import type { JournalRecord } from './record.ts'

export interface Timeline {
  readonly totalMs: number
  readonly modelMs: number
  readonly toolMs: number
  /** Total minus the time in which at least one model or tool call was under way. */
  readonly overheadMs: number
}

type Span = readonly [from: number, to: number]

export const timeline = (records: readonly JournalRecord[]): Timeline => {
  const first = records[0]
  const last = records.at(-1)
  if (first === undefined || last === undefined) return { totalMs: 0, modelMs: 0, toolMs: 0, overheadMs: 0 }
  const spanOf = (record: JournalRecord & { readonly durationMs: number }): Span => {
    const end = Date.parse(record.at)
    return [end - record.durationMs, end]
  }
  const model = records
    .filter((record) => record.type === 'llm.responded' || record.type === 'llm.failed')
    .map(spanOf)
  const tools = records
    .filter(
      (record) =>
        record.type === 'tool.returned' ||
        record.type === 'tools.listed' ||
        record.type === 'tools.unavailable',
    )
    .map(spanOf)
  const totalMs = Date.parse(last.at) - Date.parse(first.at)
  return {
    totalMs,
    modelMs: covered(model),
    toolMs: covered(tools),
    overheadMs: Math.max(0, totalMs - covered([...model, ...tools])),
  }
}

/** Length of the union of the spans. */
const covered = (spans: readonly Span[]): number => {
  let sum = 0
  let reached = Number.NEGATIVE_INFINITY
  for (const [from, to] of [...spans].sort(([left], [right]) => left - right)) {
    if (to <= reached) continue
    sum += to - Math.max(from, reached)
    reached = to
  }
  return sum
}
