// Slots, against a count through every minute of a year by the calendar of the zone itself.

import { describe, expect, test } from 'vitest'
import { parseCron, type CronSchedule } from './cron-schedule.ts'
import { slotsByWallClock } from './testing/slots-by-wall-clock.ts'

const scheduleOf = (cron: string, timeZone?: string): CronSchedule => {
  const parsed = parseCron({ cron, timeZone })
  if (parsed.type === 'error') throw new Error(parsed.message)
  return parsed.schedule
}

const minuteMs = 60_000

const slotsOf = (schedule: CronSchedule, from: number, until: number): readonly number[] => {
  const slots: number[] = []
  for (let slot = schedule.next(from - 1); slot !== undefined && slot <= until; slot = schedule.next(slot))
    slots.push(slot)
  return slots
}

/** Every half hour of a year is much to count; this is where the clocks go back. */
const autumn = { from: Date.UTC(2026, 9, 15), until: Date.UTC(2026, 10, 15) }
const year = { from: Date.UTC(2026, 0, 1), until: Date.UTC(2027, 0, 1) }
const texts = (slots: readonly number[]) => slots.map((slot) => new Date(slot).toISOString())

describe('F64 a year of slots is what the clock on the wall says', { timeout: 120_000 }, () => {
  test.each([
    { cron: '30 2 * * *', times: [150], timeZone: 'Europe/Berlin', reason: 'left out in spring' },
    { cron: '0 2 * * *', times: [120], timeZone: 'Europe/Berlin', reason: 'twice in autumn' },
    { cron: '30 1 * * *', times: [90], timeZone: 'America/New_York', reason: 'twice in autumn' },
    { cron: '15 2 * * *', times: [135], timeZone: 'America/New_York', reason: 'left out in spring' },
    { cron: '0 9 * * *', times: [540], timeZone: 'Australia/Sydney', reason: 'southern summer' },
    {
      cron: '45 1 * * *',
      times: [105],
      timeZone: 'Australia/Lord_Howe',
      reason: 'clocks go by half an hour',
    },
    { cron: '15 2 * * *', times: [135], timeZone: 'Australia/Lord_Howe', reason: 'likewise, left out' },
    { cron: '0 0 * * *', times: [0], timeZone: 'Asia/Kathmandu', reason: 'an odd offset' },
    { cron: '0 0,12 * * *', times: [0, 720], timeZone: undefined, reason: 'UTC where no zone is named' },
    {
      cron: '*/30 * * * *',
      times: 'every half hour' as const,
      timeZone: 'Europe/Berlin',
      reason: 'every hour',
    },
    {
      cron: '*/30 * * * *',
      times: 'every half hour' as const,
      timeZone: 'America/Havana',
      reason: 'at midnight',
    },
    {
      cron: '0 9 * * MON-FRI',
      times: [540],
      timeZone: 'Europe/London',
      weekdays: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'],
      reason: 'working days',
    },
  ])('$cron in $timeZone: $reason', ({ cron, times, timeZone, weekdays }) => {
    const span = times === 'every half hour' ? autumn : year
    const found = slotsOf(scheduleOf(cron, timeZone), span.from, span.until)
    const expected = slotsByWallClock({
      times,
      timeZone: timeZone ?? 'UTC',
      ...(weekdays === undefined ? {} : { weekdays }),
      ...span,
    })
    expect(texts(found)).toEqual(texts(expected))
  })
})

test('a slot is never the moment it is asked after, and never before it', () => {
  const schedule = scheduleOf('*/15 * * * *', 'Europe/Berlin')
  for (let at = Date.UTC(2026, 9, 24, 22); at < Date.UTC(2026, 9, 25, 4); at += 7 * minuteMs + 13) {
    const slot = schedule.next(at) ?? 0
    expect(slot).toBeGreaterThan(at)
    expect(slot - at).toBeLessThanOrEqual(15 * minuteMs)
  }
})

test('the last slot of a range is found without counting through it', () => {
  const at = (text: string) => Date.parse(text)
  const every = scheduleOf('* * * * *')
  expect(every.last({ after: at('1990-01-01T00:00:00Z'), until: at('2026-04-01T02:52:30Z') })).toBe(
    at('2026-04-01T02:52:00Z'),
  )
  const yearly = scheduleOf('@yearly')
  expect(yearly.last({ after: at('2020-05-01T00:00:00Z'), until: at('2026-04-01T00:00:00Z') })).toBe(
    at('2026-01-01T00:00:00Z'),
  )
  const leap = scheduleOf('0 0 29 2 *')
  expect(leap.last({ after: at('2020-01-01T00:00:00Z'), until: at('2026-04-01T00:00:00Z') })).toBe(
    at('2024-02-29T00:00:00Z'),
  )
  expect(
    yearly.last({ after: at('2026-01-01T00:00:00Z'), until: at('2026-04-01T00:00:00Z') }),
  ).toBeUndefined()
})

test('a zone may stand in the schedule itself', () => {
  const [a, b] = [scheduleOf('CRON_TZ=Asia/Tokyo 0 9 * * *'), scheduleOf('0 9 * * *', 'Asia/Tokyo')]
  expect(a.next(year.from)).toBe(b.next(year.from))
})

test.each([
  { cron: '61 * * * *', reason: 'no such minute' },
  { cron: '* * * * * *', reason: 'seconds' },
  { cron: '0 9 * *', reason: 'a field is missing' },
  { cron: '', reason: 'empty' },
  { cron: '@every 5m', reason: 'from when is not said' },
  { cron: '@reboot', reason: 'nothing boots' },
  { cron: '0 0 30 2 *', reason: 'the 30th of February' },
  { cron: '0 9 * * FUNDAY', reason: 'no such day' },
  { cron: '0 9 * * *', timeZone: 'Mars/Base', reason: 'no such zone' },
  { cron: 'TZ=Asia/Tokyo 0 9 * * *', timeZone: 'Europe/Berlin', reason: 'two zones' },
  { cron: '0 9 * * $(reboot)', reason: 'other signs' },
])('"$cron" is refused with what to write: $reason', ({ cron, timeZone }) => {
  const parsed = parseCron({ cron, timeZone })
  expect(parsed.type).toBe('error')
  if (parsed.type === 'error') expect(parsed.remedy).not.toBe('')
})
