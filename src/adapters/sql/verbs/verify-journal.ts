// Recomputes a run's chain from the rows as they are. A row that cannot even be read is a finding, not an error.

import { createHash } from 'node:crypto'
import { genesis, verifyChain, type ChainResult } from '../../../domain/journal/hash-chain.ts'
import type { JournalRecord } from '../../../domain/journal/record.ts'
import { storedTexts } from '../../../domain/journal/stored-text.ts'
import { statements } from '../statements.ts'
import { all, get, type Act } from './act.ts'
import { recordFromRow, type RecordRow } from './read-journal.ts'

export function* verifyJournal(run: string): Act<ChainResult> {
  const head = yield* get<{ last_seq: number; last_hash: string }>(statements.run.head, run)
  const rows = yield* all<RecordRow>(statements.record.after, run, 0)
  const records: JournalRecord[] = []
  let unreadable: ChainResult | undefined
  for (const row of rows) {
    try {
      records.push(recordFromRow(row))
    } catch {
      unreadable = { type: 'broken', seq: row.seq, reason: 'its content cannot be read' }
      break
    }
  }
  const chain = verifyChain(records)
  if (chain.type === 'broken') return chain
  if (unreadable !== undefined) return unreadable
  const { last_seq: last = 0, last_hash: hash = genesis } = head ?? {}
  if (last !== records.length) {
    const reason = `the run has ${last} records, and ${records.length} are there`
    return { type: 'broken', seq: Math.min(last, records.length) + 1, reason }
  }
  if (hash !== chain.head)
    return { type: 'broken', seq: last, reason: 'it is not the last record that was written' }
  return (yield* verifyTexts(run, records)) ?? chain
}

function* verifyTexts(run: string, records: readonly JournalRecord[]): Act<ChainResult | undefined> {
  const seen = new Set<string>()
  for (const record of records) {
    for (const { sha256, bytes, head } of storedTexts(record)) {
      if (seen.has(sha256)) continue
      seen.add(sha256)
      const row = yield* get<{ text: string }>(statements.content.readInRun, sha256, run)
      // A text that fits into its record is in it, whether or not it is kept beside it.
      const text = row?.text ?? (Buffer.byteLength(head) === bytes ? head : undefined)
      if (text === undefined)
        return { type: 'broken', seq: record.seq, reason: `its text ${sha256} is not there` }
      if (createHash('sha256').update(text).digest('hex') !== sha256)
        return { type: 'broken', seq: record.seq, reason: `its text ${sha256} was changed` }
    }
  }
  return undefined
}
