// What the verbs of the store are written in: an act yields one question to the database at a time and is given the
// rows. It knows neither SQLite, which answers at once, nor PostgreSQL, which answers later; so each verb is written
// once and both databases do exactly the same.

import type { RunKey } from '../../../domain/journal/record.ts'

/** Text of any content: PostgreSQL's TEXT refuses NUL, so this one travels as bytes there. */
interface LongText {
  readonly longText: string
}

/** Only what both databases store as it is. */
export type Value = string | number | null | LongText

export type Row = Readonly<Record<string, unknown>>

export type Query =
  | { readonly type: 'rows'; readonly sql: string; readonly values: readonly Value[] }
  /** Its answer is of no interest, so nobody waits for it before the next question. */
  | { readonly type: 'run'; readonly sql: string; readonly values: readonly Value[] }
  /** The same question for several sets of values; the answer is the rows of all of them. */
  | { readonly type: 'each'; readonly sql: string; readonly values: readonly (readonly Value[])[] }
  /** Holds rows against other processes until the end of the transaction. SQLite has no other process. */
  | { readonly type: 'hold'; readonly sql: string; readonly values: readonly Value[] }

export type Act<T> = Generator<Query, T, readonly Row[]>

/** What listeners hear of when the transaction is durable, beside journals. */
export type Topic = 'end' | 'outbox'

/** What every act of one transaction shares. */
export interface Moment {
  /** Wall clock. */
  readonly now: number
  /** Says that the run's journal has grown. */
  readonly touch: (run: RunKey) => void
  /** Says that there is something new. */
  readonly announce: (topic: Topic) => void
}

export const longText = (text: string): LongText => ({ longText: text })

export function* all<T>(sql: string, ...values: readonly Value[]): Act<readonly T[]> {
  return (yield { type: 'rows', sql, values }) as readonly T[]
}

export function* get<T>(sql: string, ...values: readonly Value[]): Act<T | undefined> {
  return ((yield { type: 'rows', sql, values }) as readonly T[])[0]
}

export function* run(sql: string, ...values: readonly Value[]): Act<void> {
  yield { type: 'run', sql, values }
}

export function* each<T>(sql: string, values: readonly (readonly Value[])[]): Act<readonly T[]> {
  return values.length === 0 ? [] : ((yield { type: 'each', sql, values }) as readonly T[])
}

export function* hold(sql: string, ...values: readonly Value[]): Act<void> {
  yield { type: 'hold', sql, values }
}
