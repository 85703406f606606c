// Which slot of a schedule fires now: at most the latest one, so that no time of rest ends in a burst, and only one
// that came after the schedule was in force, so that a new schedule never fires for the past. What has been decided
// is remembered in the status; that a slot fires once is the inbox's promise, by `slotDelivery`.

import { parseCron } from './cron-schedule.ts'

interface ScheduleSource {
  readonly cron: string
  readonly timeZone?: string | undefined
  readonly startingDeadlineSeconds?: number | undefined
}

/** What the status remembers from the last decision. */
interface ScheduleMemory {
  /** As `describeSchedule` gives it; absent while nothing was scheduled. */
  readonly schedule?: string | undefined
  /** RFC 3339. Slots up to here are done with. */
  readonly scheduleFrom?: string | undefined
}

export type ScheduleDecision =
  | { readonly type: 'invalid'; readonly message: string; readonly remedy: string }
  | {
      readonly type: 'scheduled'
      readonly memory: Required<{ [K in keyof ScheduleMemory]: string }>
      /** Fires now. */
      readonly due?: number
      /** Came while nobody looked, and is too old to fire. */
      readonly missed?: number
      readonly next?: number
    }

export const decideSchedule = ({
  source,
  memory: { schedule: before, scheduleFrom },
  createdAt,
  isNew,
  now,
}: {
  readonly source: ScheduleSource
  readonly memory: ScheduleMemory
  /** Of the event. */
  readonly createdAt: number
  /** Nothing was ever decided for it. */
  readonly isNew: boolean
  readonly now: number
}): ScheduleDecision => {
  const parsed = parseCron(source)
  if (parsed.type === 'error') return { ...parsed, type: 'invalid' }
  const { schedule } = parsed
  const described = describeSchedule(source)
  // Another schedule, or one that was at rest, holds from now on; one that was made while nobody looked, since then.
  const since = isNew ? createdAt : now
  const from =
    described === before && scheduleFrom !== undefined ? Date.parse(scheduleFrom) : Math.min(since, now)
  const last = schedule.last({ after: from, until: now })
  // Where another clock is ahead, a slot that it has seen to is not the next one.
  const next = schedule.next(Math.max(now, from))
  const scheduled = {
    type: 'scheduled' as const,
    memory: { schedule: described, scheduleFrom: rfc3339(last ?? from) },
    ...(next === undefined ? {} : { next }),
  }
  if (last === undefined) return scheduled
  const latestMs = (source.startingDeadlineSeconds ?? Number.POSITIVE_INFINITY) * 1000
  return now - last <= latestMs ? { ...scheduled, due: last } : { ...scheduled, missed: last }
}

/** Of two memories of one schedule the one that has seen more. */
export const latestMemory = <M extends ScheduleMemory>(
  own: M | undefined,
  told: ScheduleMemory,
): ScheduleMemory =>
  own === undefined ||
  (told.schedule === own.schedule && (told.scheduleFrom ?? '') > (own.scheduleFrom ?? ''))
    ? told
    : own

/** A schedule in one line: what it is remembered by. */
export const describeSchedule = ({ cron, timeZone }: ScheduleSource): string =>
  timeZone === undefined ? cron : `${cron} ${timeZone}`

/** The identity of a slot: whoever fires it, and however often, it is one delivery. */
export const slotDelivery = (slot: number): string => `cron:${rfc3339(slot)}`

/** Whole seconds, as Kubernetes writes times. */
export const rfc3339 = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`
