// Slots of schedules by another way than the product's: through every minute of a span, as a clock on the wall shows it.

const minuteMs = 60_000

/** The wall clock of a zone. Read once a quarter of an hour: clocks are changed at those. */
const wallClock = (timeZone: string) => {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    weekday: 'short',
  })
  const read = (at: number) => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
    return {
      date: `${parts['year']}-${parts['month']}-${parts['day']}`,
      minutes: Number(parts['hour']) * 60 + Number(parts['minute']),
      weekday: parts['weekday'] ?? '',
    }
  }
  let quarter = { at: Number.NaN, shown: read(0) }
  return (at: number) => {
    const start = Math.floor(at / (15 * minuteMs)) * 15 * minuteMs
    if (quarter.at !== start) quarter = { at: start, shown: read(start) }
    return { ...quarter.shown, minutes: quarter.shown.minutes + (at - start) / minuteMs }
  }
}

/** Moments of a year at which a clock on the wall shows one of `times` (minutes of the day), as cron(8) counts them. */
export const slotsByWallClock = ({
  times,
  timeZone,
  weekdays,
  from,
  until,
}: {
  readonly times: readonly number[] | 'every half hour'
  readonly timeZone: string
  readonly weekdays?: readonly string[]
  readonly from: number
  readonly until: number
}): readonly number[] => {
  const clock = wallClock(timeZone)
  const slots = new Set<number>()
  const seen = new Set<string>()
  let before = clock(from - minuteMs)
  for (let at = from; at <= until; at += minuteMs) {
    const shown = clock(at)
    const matches = (minutes: number, { date, weekday }: typeof shown): boolean => {
      if (weekdays !== undefined && !weekdays.includes(weekday)) return false
      if (times === 'every half hour') return minutes % 30 === 0
      // A named time comes once a day.
      if (!times.includes(minutes) || seen.has(`${date} ${minutes}`)) return false
      seen.add(`${date} ${minutes}`)
      return true
    }
    if (matches(shown.minutes, shown)) slots.add(at)
    // Clocks jumped forward: what they left out comes as much later.
    if (times !== 'every half hour' && shown.date === before.date)
      for (let skipped = before.minutes + 1; skipped < shown.minutes; skipped++)
        if (matches(skipped, shown)) slots.add(at + (skipped - before.minutes - 1) * minuteMs)
    before = shown
  }
  return [...slots].filter((slot) => slot <= until).toSorted((a, b) => a - b)
}
