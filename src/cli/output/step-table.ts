// A finished run in one table: a row per step, from its journal.

import type { JournalRecord } from '../../domain/journal/record.ts'
import { seconds } from './run-view.ts'
import { table } from './table.ts'

export const stepTable = (records: readonly JournalRecord[]): string => {
  const started = records.find((record) => record.type === 'run.started')
  const steps = started?.type === 'run.started' ? started.snapshot.steps : []
  const rows = steps.map(({ name, agent }) => {
    const own = records.filter((record) => 'step' in record && record.step === name)
    const leased = own.find(({ type }) => type === 'task.leased')
    const ended = own.findLast(({ type }) => type === 'task.completed' || type === 'task.failed')
    const usage = own.flatMap((record) => (record.type === 'llm.responded' ? [record.usage] : []))
    const sum = (pick: 'inputTokens' | 'outputTokens') =>
      usage.some((one) => one[pick] === undefined)
        ? 'unknown'
        : String(usage.reduce((total, one) => total + (one[pick] ?? 0), 0))
    return [
      name,
      agent,
      leased === undefined || ended === undefined
        ? '-'
        : seconds(Date.parse(ended.at) - Date.parse(leased.at)),
      String(usage.length),
      sum('inputTokens'),
      sum('outputTokens'),
      String(own.filter(({ type }) => type === 'tool.returned').length),
      String(own.filter(({ type }) => type === 'tool.denied').length),
    ]
  })
  return table([['STEP', 'AGENT', 'TIME', 'TURNS', 'TOKENS IN', 'TOKENS OUT', 'CALLS', 'DENIED'], ...rows])
}
