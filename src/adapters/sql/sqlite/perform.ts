// Performs an act on SQLite: every question is answered on the spot.

import type { Act, Query, Row } from '../verbs/act.ts'
import type { Database } from './database.ts'

const nothing: readonly Row[] = []

export const perform = <T>(database: Database, act: Act<T>): T => {
  let step = act.next(nothing)
  while (step.done !== true) step = act.next(answer(database, step.value))
  return step.value
}

const answer = (database: Database, query: Query): readonly Row[] => {
  switch (query.type) {
    case 'rows':
      return database.all<Row>(query.sql, ...query.values)
    case 'run':
      database.run(query.sql, ...query.values)
      return nothing
    case 'each':
      return query.values.flatMap((values) => database.all<Row>(query.sql, ...values))
    case 'hold':
      return nothing
  }
}
