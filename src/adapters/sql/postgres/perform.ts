// Performs an act on a PostgreSQL connection. Questions whose answer nobody waits for travel with the next one.

import type { ClientBase } from 'pg'
import type { Act, Query, Row, Value } from '../verbs/act.ts'

/** What has been sent and not been waited for; none of them goes unhandled. */
export interface Sent {
  readonly promises: Promise<unknown>[]
}

export const createSent = (): Sent => ({ promises: [] })

const nothing: readonly Row[] = []

export const perform = async <T>(client: ClientBase, act: Act<T>, sent: Sent): Promise<T> => {
  let step = act.next(nothing)
  while (step.done !== true) step = act.next(await answer(client, step.value, sent))
  return step.value
}

export const send = (sent: Sent, promise: Promise<unknown>): void => {
  promise.catch(() => undefined)
  sent.promises.push(promise)
}

const answer = async (client: ClientBase, query: Query, sent: Sent): Promise<readonly Row[]> => {
  switch (query.type) {
    case 'rows':
      return rowsOf(client, query.sql, query.values)
    case 'run':
    case 'hold':
      send(sent, rowsOf(client, query.sql, query.values))
      return nothing
    case 'each': {
      const answers = await Promise.all(query.values.map((values) => rowsOf(client, query.sql, values)))
      return answers.flat()
    }
  }
}

const rowsOf = async (client: ClientBase, sql: string, values: readonly Value[]): Promise<readonly Row[]> => {
  const { rows } = await client.query<Row>({ ...prepared(sql), values: values.map(stored) })
  return rows
}

const known = new Map<string, { readonly name: string; readonly text: string }>()

/** The statement as PostgreSQL spells it, under a name by which each connection parses it once. */
const prepared = (sql: string): { readonly name: string; readonly text: string } => {
  const found = known.get(sql)
  if (found !== undefined) return found
  const statement = { name: `kubeswarm_${known.size}`, text: asPostgres(sql) }
  known.set(sql, statement)
  return statement
}

/** With what is for PostgreSQL only, and parameters by number. */
export const asPostgres = (sql: string): string => {
  let parameters = 0
  return sql.replaceAll(/\/\*pg (.*?)\*\//g, '$1').replaceAll('?', () => `$${++parameters}`)
}

const stored = (value: Value): string | number | null | Buffer => {
  if (typeof value === 'object' && value !== null) return Buffer.from(value.longText, 'utf8')
  // TEXT has no NUL. What may contain one and must come back as it was is JSON, which escapes it, or a long text.
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\u2400') : value
}
