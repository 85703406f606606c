// The runs that accepted deliveries owe: listed oldest first, and settled one by one.

import type { EventKey, EventName, InboxEntry, OwedRun, RunFate } from '../../../ports/inbox.ts'
import type { DropReason } from '../../../domain/trigger/weigh.ts'
import { statements } from '../statements.ts'
import { all, get, type Act } from './act.ts'
import { countDelivery, storedDelivery } from './accept-delivery.ts'

const ALL = 1_000_000

export function* pendingRuns({
  event,
  after,
  limit = ALL,
}: {
  readonly event?: EventName
  readonly after?: OwedRun
  readonly limit?: number
} = {}): Act<readonly OwedRun[]> {
  const rows =
    event === undefined
      ? yield* all<Row>(statements.delivery.pending, limit)
      : yield* all<Row>(
          statements.delivery.pendingOfEvent,
          event.namespace,
          event.event,
          ...placeOf(after),
          limit,
        )
  return rows.map(({ entry, run }) => ({ entry: JSON.parse(entry) as InboxEntry, run }))
}

interface Row {
  readonly entry: string
  readonly run: string
}

/** Of a run in the order of hand-out; before the first where there is none. */
const placeOf = (after: OwedRun | undefined): readonly [string, string, number] => {
  if (after === undefined) return ['', '', -1]
  const { entry, run } = after
  const target = entry.runs.find(({ name }) => name === run)?.target ?? -1
  return [entry.receivedAt, storedDelivery(entry), target]
}

export function* owingEvents(): Act<readonly EventName[]> {
  return yield* all<EventName>(statements.delivery.owing)
}

export function* settleRun({
  refused,
  run,
  ...entry
}: EventKey & {
  readonly delivery: string
  readonly run: string
  readonly refused?: { readonly reason: DropReason; readonly message: string }
}): Act<void> {
  const { namespace, event } = entry
  const delivery = storedDelivery(entry)
  const settled = yield* get<{ received_at: string }>(
    statements.delivery.settleRun,
    refused === undefined ? 'created' : 'refused',
    refused?.message ?? null,
    namespace,
    event,
    delivery,
    run,
  )
  if (settled === undefined) return
  const at = settled.received_at
  if (refused !== undefined) {
    yield* countDelivery({ ...entry, outcome: refused.reason, at, words: `${run}: ${refused.message}` })
    return
  }
  // A delivery with several targets fires once.
  const others = yield* get<{ runs: number }>(
    statements.delivery.othersCreated,
    namespace,
    event,
    delivery,
    run,
  )
  if ((others?.runs ?? 0) === 0) yield* countDelivery({ ...entry, outcome: STARTED, at, words: run })
}

export function* runFate({
  run,
  ...entry
}: EventKey & { readonly delivery: string; readonly run: string }): Act<RunFate | undefined> {
  const row = yield* get<{ state: string; refused: string | null }>(
    statements.delivery.fate,
    entry.namespace,
    entry.event,
    storedDelivery(entry),
    run,
  )
  if (row === undefined) return undefined
  if (row.state === 'refused') return { type: 'refused', message: row.refused ?? '' }
  return { type: row.state === 'created' ? 'created' : 'owed' }
}

/** The outcome of deliveries that started something, beside the reasons of those that did not. */
export const STARTED = 'Started'
