// A schedule: five cron fields in a time zone. Slots are moments; which of them fires is decided in `due-slot.ts`.
//
// What a change of the clocks does follows cron(8): a named hour comes once a day, so a time that is left out comes as
// much later as the clocks jump, and a time that comes twice counts the first time. A schedule of every hour (`*`)
// comes whenever the clock shows its minute. The library's own reckoning in time zones does neither in every zone, so
// it is asked for the calendar only, and `zone-time.ts` for the moments.

import { Cron } from 'croner'
import { isTimeZone, openZone } from './zone-time.ts'

export interface CronSchedule {
  /** The first slot after a moment; undefined when there is none. Milliseconds since the epoch, as all here. */
  next(after: number): number | undefined
  /** The last slot in (after, until]. */
  last(range: { readonly after: number; readonly until: number }): number | undefined
}

type ParsedCron =
  | { readonly type: 'schedule'; readonly schedule: CronSchedule }
  | { readonly type: 'error'; readonly message: string; readonly remedy: string }

const nicknames: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/** `CRON_TZ=Europe/Berlin 0 9 * * *`: a zone in the schedule itself, as other crons write it. */
const prefix = /^(?:CRON_TZ|TZ)=(\S+)\s+/

/** Digits, names, and the signs of lists, ranges and steps; `L`, `W` and `#` as in `1#2` are understood too. */
const field = /^[0-9A-Za-z*?,/#-]+$/

export const parseCron = ({
  cron,
  timeZone,
}: {
  readonly cron: string
  /** IANA name; left out: UTC. */
  readonly timeZone?: string | undefined
}): ParsedCron => {
  const text = cron.trim()
  const inside = prefix.exec(text)?.[1]
  if (inside !== undefined && timeZone !== undefined && inside !== timeZone)
    return fault(`says the time zone "${inside}" and timeZone says "${timeZone}"`, 'Name the zone once.')
  const zone = inside ?? timeZone ?? 'UTC'
  if (!isTimeZone(zone))
    return fault(`"${zone}" is not a time zone`, 'Use an IANA name such as Europe/Berlin.')
  const written = text.replace(prefix, '')
  const fields = nicknames[written.toLowerCase()] ?? written
  if (fields.startsWith('@'))
    return fault(
      `"${fields}" is not a schedule`,
      `Use five fields, such as "*/5 * * * *", or one of ${Object.keys(nicknames).join(', ')}.`,
    )
  const parts = fields.split(/\s+/)
  const odd = parts.find((part) => !field.test(part))
  if (parts.length !== 5 || odd !== undefined)
    return fault(
      parts.length === 5
        ? `"${odd}" is not a cron field`
        : `a schedule has five fields, this one has ${fields === '' ? 0 : parts.length}`,
      'Write minute, hour, day of month, month and day of week: "0 9 * * MON-FRI".',
    )
  try {
    const schedule = slotsOf({ fields, zone, everyHour: parts[1] === '*' })
    if (schedule.next(Date.UTC(2000, 0, 1)) === undefined)
      return fault('never comes', 'Look at day of month and month.')
    return { type: 'schedule', schedule }
  } catch (error) {
    const reason = (error as Error).message.replace(/^Cron\w+: /, '')
    return fault(`cannot be read: ${reason}`, 'Write minute, hour, day of month, month and day of week.')
  }
}

const fault = (message: string, remedy: string): ParsedCron => ({ type: 'error', message, remedy })

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** No change of the clocks is larger. */
const largestJumpMs = 3 * hourMs

const slotsOf = ({
  fields,
  zone,
  everyHour,
}: {
  readonly fields: string
  readonly zone: string
  readonly everyHour: boolean
}): CronSchedule => {
  const calendar = new Cron(fields, { utcOffset: 0, mode: '5-part', paused: true })
  const { shownAt, momentsOf } = openZone(zone)

  const moments = (shown: number): readonly number[] => {
    const { found, instead } = momentsOf(shown)
    if (everyHour) return found
    return [found[0] ?? instead]
  }

  const next = (after: number): number | undefined => {
    let first: number | undefined
    let bound = Number.POSITIVE_INFINITY
    // Around a change of the clocks, what is shown later may come earlier: look a little further on both sides.
    let shown = calendar.nextRun(new Date(shownAt(after) - largestJumpMs))?.getTime()
    while (shown !== undefined && shown <= bound) {
      for (const moment of moments(shown))
        if (moment > after && (first === undefined || moment < first)) {
          first = moment
          bound = Math.min(bound, shown + largestJumpMs)
        }
      shown = calendar.nextRun(new Date(shown))?.getTime()
    }
    return first
  }

  return {
    next,
    last({ after, until }) {
      // Backwards in growing steps: a schedule of every minute that rested for a year is not counted through.
      for (const reach of [2 * hourMs, 2 * dayMs, 62 * dayMs, 750 * dayMs, Number.POSITIVE_INFINITY]) {
        const from = Math.max(after, until - reach)
        let found: number | undefined
        for (let slot = next(from); slot !== undefined && slot <= until; slot = next(slot)) found = slot
        if (found !== undefined || from === after) return found
      }
      return undefined
    },
  }
}
