// Replaces a reservation by what the call really used, once.

import { statements } from '../statements.ts'
import { get, run as write, type Act } from './act.ts'
import { addSpend } from './reserve-spend.ts'
import type { Settlement } from './settlement.ts'

interface ReservationRow {
  readonly day: string
  readonly namespace: string
  readonly agent: string
  readonly tokens: number
  readonly settled: number
}

export function* settleSpend({
  key,
  settlement,
}: {
  readonly key: string
  readonly settlement: Settlement
}): Act<void> {
  const row = yield* get<ReservationRow>(statements.spend.ownReservation, key)
  if (row === undefined || row.settled !== 0) return
  const tokens = settlement.type === 'used' ? settlement.tokens : row.tokens
  yield* write(statements.spend.settle, tokens, key)
  // Charged to the day it was reserved on, also when the answer comes after midnight.
  if (tokens !== row.tokens) {
    yield* addSpend({
      day: row.day,
      agent: { namespace: row.namespace, name: row.agent },
      tokens: tokens - row.tokens,
    })
  }
}
