// The hash chain of a run's journal: each record's hash covers the record and the hash before it, so that a changed,
// missing or inserted record shows. It proves order and integrity to whoever kept the last hash; it is no signature.

import { createHash } from 'node:crypto'
import { canonicalJson } from '../guardrail/canonical-json.ts'
import { recordKey } from './record.ts'
import type { JournalRecord, RecordBody } from './record.ts'

/** `previous` of the first record. */
export const genesis = '0'.repeat(64)

export interface SealRequest {
  readonly body: RecordBody
  /** The run's uid. */
  readonly run: string
  readonly seq: number
  readonly at: string
  /** Hash of the record before it, or `genesis`. */
  readonly previous: string
}

/** Gives a record its place in the journal. */
export const sealRecord = ({ body, run, seq, at, previous }: SealRequest): JournalRecord => {
  const record = { ...body, run, seq, key: recordKey(body), at, previous }
  return { ...record, hash: hashOf(record) }
}

export type ChainResult =
  | { readonly type: 'intact'; readonly records: number; readonly head: string }
  | { readonly type: 'broken'; readonly seq: number; readonly reason: string }

/** Checks a whole journal, or the part that follows the record with the hash `previous` and the number `after`. */
export const verifyChain = (
  records: readonly JournalRecord[],
  { previous = genesis, after = 0 }: { readonly previous?: string; readonly after?: number } = {},
): ChainResult => {
  let head = previous
  let seq = after
  for (const record of records) {
    const broken = (reason: string): ChainResult => ({ type: 'broken', seq: record.seq, reason })
    seq += 1
    if (record.seq !== seq) return broken(`record ${seq} was expected here`)
    if (record.previous !== head) return broken(`it does not follow the record before it`)
    const { hash, ...rest } = record
    if (hashOf(rest) !== hash) return broken('its content does not match its hash')
    if (recordKey(record) !== record.key) return broken('its key does not match its content')
    head = hash
  }
  return { type: 'intact', records: records.length, head }
}

// Through JSON and back first: what the store returns must hash as what was handed to it.
const hashOf = (record: object): string =>
  createHash('sha256')
    .update(canonicalJson(JSON.parse(JSON.stringify(record))))
    .digest('hex')
