// The tool calls of one attempt that were intended and of which nothing more is known.

import type { JournalRecord, RecordBody } from '../../../domain/journal/record.ts'

type Intent = JournalRecord & RecordBody & { readonly type: 'tool.intended' }

export const unresolvedIntents = ({
  records,
  step,
  attempt,
}: {
  readonly records: readonly JournalRecord[]
  readonly step: string
  readonly attempt: number
}): readonly Intent[] => {
  const open = new Map<string, Intent>()
  for (const record of records) {
    if (!('call' in record) || record.step !== step || record.attempt !== attempt) continue
    const position = `${record.turn}/${record.call}`
    if (record.type === 'tool.intended') open.set(position, record)
    else open.delete(position)
  }
  return [...open.values()]
}
