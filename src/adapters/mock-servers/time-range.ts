// Times as models write them: RFC 3339, or epoch seconds or milliseconds. Anything else is an error the model can
// read and repair, not a silent "no limit".

type TimeRange = { readonly from: number; readonly to: number } | { readonly problem: string }

export const timeRange = ({
  start,
  end,
}: {
  readonly start?: string | undefined
  readonly end?: string | undefined
}): TimeRange => {
  const from = start === undefined ? Number.NEGATIVE_INFINITY : instant(start)
  const to = end === undefined ? Number.POSITIVE_INFINITY : instant(end)
  if (Number.isNaN(from))
    return { problem: `start "${start}" is not a time; write it like 2026-04-23T02:40:00Z` }
  if (Number.isNaN(to)) return { problem: `end "${end}" is not a time; write it like 2026-04-23T02:55:00Z` }
  if (from > to) return { problem: `start "${start}" is after end "${end}"` }
  return { from, to }
}

const instant = (text: string): number => {
  const number = /^\d+$/.test(text) ? Number(text) : undefined
  if (number !== undefined) return number < 1e11 ? number * 1000 : number
  return Date.parse(text)
}

/** RFC 3339 in UTC without the milliseconds nobody gave. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')
