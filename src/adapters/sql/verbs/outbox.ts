// The outbox's verbs. A claim pushes the message's due time into the future and counts a try: that is its lease.

import type { NotifyFact } from '../../../domain/notify/notify-fact.ts'
import type {
  ClaimedMessage,
  OutboxMessage,
  OutboxOutcome,
  OutboxPlace,
  OutboxSummary,
  ThreadKey,
  ThreadPlace,
} from '../../../ports/outbox.ts'
import { statements } from '../statements.ts'
import { all, get, run as write, type Act, type Moment } from './act.ts'

export function* addMessages(
  { now, announce }: Pick<Moment, 'now' | 'announce'>,
  messages: readonly OutboxMessage[],
): Act<number> {
  let added = 0
  for (const { namespace, notify, channel, group, fact } of messages) {
    const text = JSON.stringify(fact)
    const values = [namespace, notify, channel, fact.id, group, fact.event, text, now, now] as const
    if ((yield* get(statements.outbox.insert, ...values)) !== undefined) added += 1
  }
  if (added > 0) announce('outbox')
  return added
}

interface OutboxRow {
  readonly namespace: string
  readonly notify: string
  readonly channel: number
  readonly grp: string
  readonly fact: string
  readonly created_at: number
  readonly attempts: number
}

export function* claimMessages(
  { now }: Pick<Moment, 'now'>,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number },
): Act<readonly ClaimedMessage[]> {
  const rows = yield* all<OutboxRow>(statements.outbox.due, now, limit)
  const claimed = rows.map(({ namespace, notify, channel, grp: group, fact, created_at, attempts }) => ({
    namespace,
    notify,
    channel,
    group,
    fact: JSON.parse(fact) as NotifyFact,
    createdAt: created_at,
    attempt: attempts + 1,
  }))
  for (const { namespace, notify, channel, fact, attempt } of claimed)
    yield* write(statements.outbox.claim, now + leaseMs, attempt, namespace, notify, channel, fact.id)
  return claimed
}

export function* settleMessage(
  { now, announce }: Pick<Moment, 'now' | 'announce'>,
  { namespace, notify, channel, fact, attempt }: ClaimedMessage,
  outcome: OutboxOutcome,
): Act<void> {
  const key = [namespace, notify, channel, fact.id, attempt] as const
  const { outbox } = statements
  announce('outbox')
  switch (outcome.type) {
    case 'sent':
      return yield* write(outbox.end, 'sent', now, null, ...key)
    case 'dead':
      return yield* write(outbox.end, 'dead', now, outcome.error, ...key)
    case 'retry':
      return yield* write(outbox.retry, outcome.at, now, outcome.error, ...key)
    case 'wait':
      return yield* write(outbox.wait, outcome.until, ...key)
  }
}

export function* nextMessageDueAt(): Act<number | undefined> {
  return (yield* get<{ at: number | null }>(statements.outbox.nextDue))?.at ?? undefined
}

export function* lastSentAt({
  namespace,
  notify,
  channel,
  group,
}: OutboxPlace & { readonly group: string }): Act<number | undefined> {
  const row = yield* get<{ at: number | null }>(statements.outbox.lastSent, namespace, notify, channel, group)
  return row?.at ?? undefined
}

export function* summarizeOutbox({
  namespace,
  notify,
}: {
  readonly namespace: string
  readonly notify: string
}): Act<OutboxSummary> {
  const counts = yield* all<{ state: string; total: number }>(statements.outbox.counts, namespace, notify)
  const total = (state: string): number => counts.find((row) => row.state === state)?.total ?? 0
  const tries = yield* all<{ channel: number; event: string; tried_at: number; error: string | null }>(
    statements.outbox.lastTries,
    namespace,
    notify,
  )
  return {
    sent: total('sent'),
    waiting: total('pending'),
    dead: total('dead'),
    last: tries.map(({ channel, event, tried_at: at, error }) => ({
      channel,
      event,
      at,
      ...(error === null ? {} : { error }),
    })),
  }
}

export function* reviveMessages(
  { now, announce }: Pick<Moment, 'now' | 'announce'>,
  { namespace, notify }: { readonly namespace: string; readonly notify: string },
): Act<number> {
  const revived = yield* all(statements.outbox.revive, now, namespace, notify)
  if (revived.length > 0) announce('outbox')
  return revived.length
}

export function* pruneOutbox({ before }: { readonly before: number }): Act<void> {
  yield* write(statements.outbox.prune, before)
  yield* write(statements.outbox.pruneThreads, before)
}

export function* readThread({ namespace, notify, place, thread }: ThreadKey): Act<ThreadPlace | undefined> {
  const row = yield* get<{ channel_id: string; ts: string; at: number }>(
    statements.outbox.thread,
    namespace,
    notify,
    place,
    thread,
  )
  return row === undefined ? undefined : { channelId: row.channel_id, ts: row.ts, at: row.at }
}

export function* putThread(
  { namespace, notify, place, thread }: ThreadKey,
  { channelId, ts, at }: ThreadPlace,
): Act<void> {
  yield* write(statements.outbox.putThread, namespace, notify, place, thread, channelId, ts, at)
}
