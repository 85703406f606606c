// The inbox's verbs: accept a delivery once, list the runs it owes, settle them one by one.

import type { InboxEntry } from '../../../ports/inbox.ts'
import { statements } from '../statements.ts'
import { all, get, run as write, type Act } from './act.ts'

export function* acceptDelivery(
  entry: InboxEntry,
): Act<{ readonly entry: InboxEntry; readonly duplicate: boolean }> {
  const { namespace, event, delivery, receivedAt } = entry
  const held = yield* readDelivery(entry)
  if (held !== undefined) return { entry: held, duplicate: true }
  const text = JSON.stringify(entry)
  const mine = yield* get(statements.delivery.insert, namespace, event, delivery, receivedAt, text)
  // Another process was faster by the width of this function.
  if (mine === undefined) return { entry: (yield* readDelivery(entry)) ?? entry, duplicate: true }
  for (const { name, target } of entry.runs) {
    yield* write(statements.delivery.insertRun, namespace, event, delivery, name, target, receivedAt)
  }
  return { entry, duplicate: false }
}

function* readDelivery({
  namespace,
  event,
  delivery,
}: Pick<InboxEntry, 'namespace' | 'event' | 'delivery'>): Act<InboxEntry | undefined> {
  const held = yield* get<{ entry: string }>(statements.delivery.read, namespace, event, delivery)
  return held === undefined ? undefined : (JSON.parse(held.entry) as InboxEntry)
}

export function* pendingDeliveries(): Act<readonly { readonly entry: InboxEntry; readonly run: string }[]> {
  const rows = yield* all<{ entry: string; run: string }>(statements.delivery.pending)
  return rows.map(({ entry, run }) => ({ entry: JSON.parse(entry) as InboxEntry, run }))
}

export function* settleDelivery({
  namespace,
  event,
  delivery,
  run,
  refused,
}: Pick<InboxEntry, 'namespace' | 'event' | 'delivery'> & {
  readonly run: string
  readonly refused?: string | undefined
}): Act<void> {
  yield* write(
    statements.delivery.settleRun,
    refused === undefined ? 'created' : 'refused',
    refused ?? null,
    namespace,
    event,
    delivery,
    run,
  )
}

export function* countDeliveries({
  namespace,
  event,
}: {
  readonly namespace: string
  readonly event: string
}): Act<{ readonly fired: number; readonly lastFiredAt?: string }> {
  const row = yield* get<{ fired: number; last: string | null }>(statements.delivery.count, namespace, event)
  const last = row?.last ?? undefined
  return { fired: row?.fired ?? 0, ...(last === undefined ? {} : { lastFiredAt: last }) }
}
