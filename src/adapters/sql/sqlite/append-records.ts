// Appends records to a run's journal inside a transaction: gap-free numbers, hash chain, first wins by key.

import { createHash } from 'node:crypto'
import { genesis, sealRecord } from '../../../domain/journal/hash-chain.ts'
import {
  recordKey,
  type JournalRecord,
  type RecordBody,
  type RunKey,
} from '../../../domain/journal/record.ts'
import { statements } from '../statements.ts'
import { recordFromRow, type RecordRow } from './read-journal.ts'
import type { Transaction } from './write-queue.ts'

export const appendRecords = (
  { database, now, touch }: Transaction,
  {
    run,
    records,
    contents = [],
  }: {
    readonly run: RunKey
    readonly records: readonly RecordBody[]
    readonly contents?: readonly string[] | undefined
  },
): readonly JournalRecord[] => {
  const at = new Date(now).toISOString()
  const head = database.get<{ last_seq: number; last_hash: string }>(statements.run.head, run.uid)
  if (head === undefined) {
    database.run(statements.run.insert, run.uid, run.namespace, run.name, at, genesis)
  }
  let seq = head?.last_seq ?? 0
  let previous = head?.last_hash ?? genesis

  for (const text of contents) {
    const sha256 = createHash('sha256').update(text).digest('hex')
    database.run(statements.content.insert, sha256, text)
    database.run(statements.content.link, sha256, run.uid)
  }

  const stored = records.map((body): JournalRecord => {
    const key = recordKey(body)
    const held = database.get<RecordRow>(statements.record.byKey, run.uid, key)
    if (held !== undefined) return recordFromRow(held)
    const record = sealRecord({ body, run: run.uid, seq: seq + 1, at, previous })
    database.run(
      statements.record.insert,
      run.uid,
      record.seq,
      key,
      at,
      JSON.stringify(body),
      record.previous,
      record.hash,
    )
    if (body.type === 'run.finished') database.run(statements.run.finish, at, body.phase, run.uid)
    seq = record.seq
    previous = record.hash
    return record
  })
  if (seq !== (head?.last_seq ?? 0)) {
    database.run(statements.run.advance, seq, previous, run.uid)
    touch(run)
  }
  return stored
}
