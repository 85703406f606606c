// The inbox's verbs: accept a delivery once, list the runs it owes, settle them one by one.

import type { InboxEntry } from '../../../ports/inbox.ts'
import { statements } from '../statements.ts'
import type { Database } from './database.ts'
import type { Transaction } from './write-queue.ts'

export const acceptDelivery = (
  { database }: Transaction,
  entry: InboxEntry,
): { readonly entry: InboxEntry; readonly duplicate: boolean } => {
  const { namespace, event, delivery, receivedAt } = entry
  const held = database.get<{ entry: string }>(statements.delivery.read, namespace, event, delivery)
  if (held !== undefined) return { entry: JSON.parse(held.entry) as InboxEntry, duplicate: true }
  database.run(statements.delivery.insert, namespace, event, delivery, receivedAt, JSON.stringify(entry))
  for (const { name, target } of entry.runs) {
    database.run(statements.delivery.insertRun, namespace, event, delivery, name, target, receivedAt)
  }
  return { entry, duplicate: false }
}

export const pendingDeliveries = (
  database: Database,
): readonly { readonly entry: InboxEntry; readonly run: string }[] =>
  database
    .all<{ entry: string; run: string }>(statements.delivery.pending)
    .map(({ entry, run }) => ({ entry: JSON.parse(entry) as InboxEntry, run }))

export const settleDelivery = (
  { database }: Transaction,
  {
    namespace,
    event,
    delivery,
    run,
    refused,
  }: Pick<InboxEntry, 'namespace' | 'event' | 'delivery'> & {
    readonly run: string
    readonly refused?: string | undefined
  },
): void => {
  database.run(
    statements.delivery.settleRun,
    refused === undefined ? 'created' : 'refused',
    refused ?? null,
    namespace,
    event,
    delivery,
    run,
  )
}

export const countDeliveries = (
  database: Database,
  { namespace, event }: { readonly namespace: string; readonly event: string },
): { readonly fired: number; readonly lastFiredAt?: string } => {
  const row = database.get<{ fired: number; last: string | null }>(
    statements.delivery.count,
    namespace,
    event,
  )
  const last = row?.last ?? undefined
  return { fired: row?.fired ?? 0, ...(last === undefined ? {} : { lastFiredAt: last }) }
}
