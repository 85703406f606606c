// What became of an event's deliveries: counts, the latest ones, and forgetting those that are old enough.

import type { DropReason } from '../../../domain/trigger/weigh.ts'
import type { EventCounts, EventKey, InboxEntry } from '../../../ports/inbox.ts'
import { statements } from '../statements.ts'
import { all, get, run as write, type Act } from './act.ts'
import { STARTED } from './owed-runs.ts'

export function* countDeliveries({ namespace, event, uid }: EventKey): Act<EventCounts> {
  const rows = yield* all<CountRow>(statements.delivery.counts, namespace, event, uid)
  const waiting = yield* get<{ runs: number; since: string | null }>(
    statements.delivery.waiting,
    namespace,
    event,
  )
  const latest = yield* get<{ entry: string }>(statements.delivery.recent, namespace, event, uid, 1)
  const started = rows.find(({ outcome }) => outcome === STARTED)
  const since = waiting?.since ?? undefined
  return {
    fired: started?.total ?? 0,
    ...(started === undefined ? {} : { lastFiredAt: started.last_at, lastRun: started.last_words }),
    dropped: rows
      .filter(({ outcome }) => outcome !== STARTED)
      .map(({ outcome, total, last_at: lastAt, last_words: lastMessage }) => ({
        reason: outcome as DropReason,
        count: total,
        lastAt,
        lastMessage,
      })),
    waiting: waiting?.runs ?? 0,
    ...(since === undefined ? {} : { waitingSince: since }),
    ...(latest === undefined ? {} : { lastReceivedAt: (JSON.parse(latest.entry) as InboxEntry).receivedAt }),
  }
}

interface CountRow {
  readonly outcome: string
  readonly total: number
  readonly last_at: string
  readonly last_words: string
}

export function* recentDeliveries({
  namespace,
  event,
  uid,
  limit,
}: EventKey & { readonly limit: number }): Act<readonly InboxEntry[]> {
  const rows = yield* all<{ entry: string }>(statements.delivery.recent, namespace, event, uid, limit)
  return rows.map(({ entry }) => JSON.parse(entry) as InboxEntry)
}

export function* pruneDeliveries({
  before,
  limit,
}: {
  readonly before: string
  readonly limit: number
}): Act<number> {
  yield* write(statements.delivery.forgetRuns, before, limit)
  const forgotten = yield* all(statements.delivery.forget, before, limit)
  yield* write(statements.delivery.forgetSubjects, before)
  return forgotten.length
}
