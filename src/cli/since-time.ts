// When something began, as people say it: a time, or how long ago.

import { KubeswarmError } from '../domain/error.ts'

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** RFC 3339, UTC. Throws KubeswarmError `Usage`. */
export const sinceTime = (text: string, now: number): string => {
  const [, amount, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? []
  const time = amount === undefined ? Date.parse(text) : now - Number(amount) * (unitMs[unit] ?? 0)
  // A year without a time zone, or a word, is more likely a slip than a time.
  if ((amount === undefined && !/^\d{4}-\d\d-\d\d/.test(text)) || !Number.isFinite(time) || time < 0)
    throw new KubeswarmError({
      code: 'Usage',
      message: `--since "${text}" is neither a time nor how long ago`,
      remedy: '--since 24h, or --since 2026-04-23T02:45:00Z',
    })
  return new Date(time).toISOString()
}
