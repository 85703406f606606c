// What a run used, in tokens as the providers reported them: by step and by model, failed attempts included.

import type { JournalRecord, TokenUsage } from './record.ts'
import { addUsage } from './usage.ts'

export interface RunCost {
  readonly total: TokenUsage
  readonly steps: ReadonlyMap<string, TokenUsage>
  readonly models: ReadonlyMap<string, TokenUsage>
  /** Calls that were answered without a word about tokens: what they used is in none of the sums. */
  readonly unreported: number
}

export const costOf = (records: readonly JournalRecord[]): RunCost => {
  const steps = new Map<string, TokenUsage>()
  const models = new Map<string, TokenUsage>()
  let total: TokenUsage = {}
  let unreported = 0
  for (const record of records) {
    if (record.type !== 'llm.responded') continue
    const { step, model, usage } = record
    if (Object.keys(usage).length === 0) unreported += 1
    total = addUsage(total, usage)
    steps.set(step, addUsage(steps.get(step) ?? {}, usage))
    models.set(model, addUsage(models.get(model) ?? {}, usage))
  }
  return { total, steps, models, unreported }
}
