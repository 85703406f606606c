// Replaces a reservation by what the call really used, once.

import type { Settlement } from '../settlement.ts'
import { statements } from '../statements.ts'
import { addSpend } from './reserve-spend.ts'
import type { Transaction } from './write-queue.ts'

interface ReservationRow {
  readonly day: string
  readonly namespace: string
  readonly agent: string
  readonly tokens: number
  readonly settled: number
}

export const settleSpend = (
  { database }: Transaction,
  { key, settlement }: { readonly key: string; readonly settlement: Settlement },
): void => {
  const row = database.get<ReservationRow>(statements.spend.reservation, key)
  if (row === undefined || row.settled !== 0) return
  const tokens = settlement.type === 'used' ? settlement.tokens : row.tokens
  database.run(statements.spend.settle, tokens, key)
  // Charged to the day it was reserved on, also when the answer comes after midnight.
  if (tokens !== row.tokens) {
    addSpend(database, {
      day: row.day,
      agent: { namespace: row.namespace, name: row.agent },
      tokens: tokens - row.tokens,
    })
  }
}
