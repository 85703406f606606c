// Accepts a delivery once: weighs it against earlier ones of its subject, stores it with the runs it owes, counts it.

import { createHash } from 'node:crypto'
import { weigh, type Drop, type SubjectHistory } from '../../../domain/trigger/weigh.ts'
import type { EventKey, InboxEntry } from '../../../ports/inbox.ts'
import { statements } from '../statements.ts'
import { get, run as write, type Act, type Moment } from './act.ts'

const HOUR_MS = 3_600_000
const LONGEST_SUBJECT = 200

export function* acceptDelivery(
  moment: Moment,
  offered: InboxEntry,
): Act<{ readonly entry: InboxEntry; readonly duplicate: boolean }> {
  const held = yield* readDelivery(offered)
  const again = held?.dropped?.reason === 'Quarantined' && offered.dropped?.reason !== 'Quarantined'
  if (held !== undefined && !again) return yield* repeated(offered, held)
  const { uid, namespace, event, receivedAt, subject } = offered
  const entry = yield* weighed(moment, offered)
  const text = JSON.stringify(entry)
  const key = subject === undefined ? null : storedSubject(subject.key)
  const started = entry.runs.length > 0 ? 1 : 0
  const place = [namespace, event, storedDelivery(entry)] as const
  const mine = again
    ? yield* get(statements.delivery.replace, receivedAt, text, key, started, moment.now, ...place)
    : yield* get(statements.delivery.insert, ...place, receivedAt, text, uid, key, started, moment.now)
  // Another process was faster by the width of this function.
  if (mine === undefined) return yield* repeated(offered, (yield* readDelivery(offered)) ?? entry)
  for (const { name, target } of entry.runs) {
    yield* write(
      statements.delivery.insertRun,
      namespace,
      event,
      storedDelivery(entry),
      name,
      target,
      receivedAt,
    )
  }
  if (entry.dropped !== undefined) {
    const { reason, message } = entry.dropped
    yield* countDelivery({ ...entry, outcome: reason, at: receivedAt, words: message })
  }
  return { entry, duplicate: false }
}

function* repeated(
  offered: InboxEntry,
  held: InboxEntry,
): Act<{ readonly entry: InboxEntry; readonly duplicate: boolean }> {
  const words = `delivery ${held.delivery} of ${held.receivedAt}`
  yield* countDelivery({ ...offered, outcome: 'Duplicate', at: offered.receivedAt, words })
  return { entry: held, duplicate: true }
}

/** The entry as it is stored: with its runs, or without them and why. */
function* weighed({ now }: Moment, entry: InboxEntry): Act<InboxEntry> {
  const { namespace, event, uid, subject, storm = {}, receivedAt } = entry
  if (subject === undefined) return entry
  const key = storedSubject(subject.key)
  const row = yield* get<{ resolved_at: number | null }>(
    statements.subject.hold,
    namespace,
    event,
    uid,
    key,
    receivedAt,
  )
  const { occurredAt, resolves = false } = subject
  if (resolves) {
    const at = occurredAt ?? now
    yield* write(statements.subject.resolve, at, namespace, event, uid, key, at)
  }
  if (entry.runs.length === 0) return entry
  const latest = yield* get<{ accepted_at: number; entry: string }>(
    statements.subject.latest,
    namespace,
    event,
    uid,
    key,
  )
  const started = yield* get<{ firings: number }>(
    statements.subject.startedSince,
    namespace,
    event,
    uid,
    key,
    now - HOUR_MS,
  )
  const history: SubjectHistory = {
    startedInHour: started?.firings ?? 0,
    ...(row?.resolved_at === null || row?.resolved_at === undefined ? {} : { resolvedAt: row.resolved_at }),
    ...(latest === undefined ? {} : { latest: { at: latest.accepted_at, runs: namesIn(latest.entry) } }),
  }
  const dropped: Drop | undefined = weigh({ subject, limits: storm, history, now })
  return dropped === undefined ? entry : { ...entry, runs: [], dropped }
}

const namesIn = (text: string): readonly string[] =>
  (JSON.parse(text) as InboxEntry).runs.map(({ name }) => name)

/** As it is stored: an event that was deleted and made anew has its deliveries anew. */
export const storedDelivery = ({ uid, delivery }: Pick<InboxEntry, 'uid' | 'delivery'>): string =>
  `${uid} ${delivery}`

const storedSubject = (key: string): string =>
  key.length <= LONGEST_SUBJECT ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`

function* readDelivery(entry: InboxEntry): Act<InboxEntry | undefined> {
  const { namespace, event } = entry
  const held = yield* get<{ entry: string }>(
    statements.delivery.read,
    namespace,
    event,
    storedDelivery(entry),
  )
  return held === undefined ? undefined : (JSON.parse(held.entry) as InboxEntry)
}

export function* countDelivery({
  namespace,
  event,
  uid,
  outcome,
  at,
  words,
}: EventKey & { readonly outcome: string; readonly at: string; readonly words: string }): Act<void> {
  yield* write(statements.delivery.count, namespace, event, uid, outcome, at, words)
}
