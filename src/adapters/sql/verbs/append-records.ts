// Appends records to a run's journal inside a transaction: gap-free numbers, hash chain, first wins by key. Whoever
// has read the run's head holds it until the transaction ends, so there is one appender of a run at a time.

import { createHash } from 'node:crypto'
import { genesis, sealRecord } from '../../../domain/journal/hash-chain.ts'
import {
  recordKey,
  type JournalRecord,
  type RecordBody,
  type RunKey,
} from '../../../domain/journal/record.ts'
import { statements } from '../statements.ts'
import { each, get, longText, run as write, type Act, type Moment } from './act.ts'
import { recordFromRow, type RecordRow } from './read-journal.ts'
import { addRunEnd } from './run-ends.ts'

interface RunHead {
  readonly last_seq: number
  readonly last_hash: string
}

export function* appendRecords(
  moment: Moment,
  {
    run,
    records,
    contents = [],
  }: {
    readonly run: RunKey
    readonly records: readonly RecordBody[]
    readonly contents?: readonly string[] | undefined
  },
): Act<readonly JournalRecord[]> {
  const { now, touch } = moment
  const at = new Date(now).toISOString()
  const head = yield* headOf(run, at)
  let seq = head.last_seq
  let previous = head.last_hash

  yield* storeContents(run, contents)

  const keyed = records.map((body) => ({ body, key: recordKey(body) }))
  const held = yield* each<RecordRow>(
    statements.record.byKey,
    keyed.map(({ key }) => [run.uid, key]),
  )
  const known = new Map(held.map((row) => [row.record_key, recordFromRow(row)]))
  const stored: JournalRecord[] = []
  for (const { body, key } of keyed) {
    let record = known.get(key)
    if (record === undefined) {
      record = sealRecord({ body, run: run.uid, seq: seq + 1, at, previous })
      const text = JSON.stringify(body)
      yield* write(statements.record.insert, run.uid, record.seq, key, at, text, record.previous, record.hash)
      if (body.type === 'run.finished') {
        const { phase, reason, message } = body
        yield* write(statements.run.finish, at, phase, run.uid)
        yield* addRunEnd(moment, { run, seq: record.seq, phase, reason, message, endedAt: at })
      }
      if (body.type === 'run.reopened') yield* write(statements.run.reopen, run.uid)
      known.set(key, record)
      seq = record.seq
      previous = record.hash
    }
    stored.push(record)
  }
  if (seq !== head.last_seq) {
    yield* write(statements.run.advance, seq, previous, run.uid)
    touch(run)
  }
  return stored
}

function* headOf(run: RunKey, at: string): Act<RunHead> {
  const head = yield* get<RunHead>(statements.run.head, run.uid)
  if (head !== undefined) return head
  const first = yield* get<RunHead>(statements.run.insert, run.uid, run.namespace, run.name, at, genesis)
  // Without a row, another process has inserted it at the same time and may have appended to it already.
  return first ?? (yield* headOf(run, at))
}

function* storeContents(run: RunKey, contents: readonly string[]): Act<void> {
  const hashed = contents.map((text) => ({ text, sha256: createHash('sha256').update(text).digest('hex') }))
  // Equal texts of several runs share a row: everyone takes them in the same order, so that nobody waits in a circle.
  for (const { text, sha256 } of hashed.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1))) {
    yield* write(statements.content.insert, sha256, longText(text))
    yield* write(statements.content.link, sha256, run.uid)
  }
}
