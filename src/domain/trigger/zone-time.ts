// What the clocks of a time zone show, and when they show it. A shown time is written as the milliseconds that the
// same digits would be in UTC.

export interface Zone {
  shownAt(moment: number): number
  /**
   * The moments at which the clocks show that time: two where they were put back, none where they were put forward
   * over it; `instead` is then the moment as much later as they jumped.
   */
  momentsOf(shown: number): { readonly found: readonly number[]; readonly instead: number }
}

export const isTimeZone = (zone: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** Clocks are changed at quarters of an hour. */
const quarterMs = 900_000
/** A change of the clocks is seen from either side of it, and there are no two within it. */
const asideMs = 3 * 3_600_000
const mostRemembered = 4096

export const openZone = (timeZone: string): Zone => {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const known = new Map<number, number>()

  const offsetAt = (moment: number): number => {
    const quarter = Math.floor(moment / quarterMs) * quarterMs
    const remembered = known.get(quarter)
    if (remembered !== undefined) return remembered
    const parts: Record<string, number> = {}
    for (const { type, value } of format.formatToParts(quarter)) parts[type] = Number(value)
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
    const offset = Date.UTC(year, month - 1, day, hour, minute, second) - quarter
    if (known.size >= mostRemembered) known.clear()
    known.set(quarter, offset)
    return offset
  }

  return {
    shownAt: (moment) => moment + offsetAt(moment),
    momentsOf(shown) {
      const near = shown - offsetAt(shown)
      const before = offsetAt(near - asideMs)
      const after = offsetAt(near + asideMs)
      const found = [...new Set([before, after])]
        .map((offset) => ({ offset, moment: shown - offset }))
        .filter(({ offset, moment }) => offsetAt(moment) === offset)
        .map(({ moment }) => moment)
        .toSorted((a, b) => a - b)
      return { found, instead: shown - before }
    },
  }
}
