// Log queries over a scenario's log groups: counts for everything that matches, and a bounded sample of entries. The
// entries of a group are spread evenly between its first and last time, so that every window has a true count.

import type { LogGroup } from './scenario.ts'
import { rfc3339 } from './time-range.ts'

interface LogQuery {
  readonly service?: string | undefined
  readonly query?: string | undefined
  readonly level?: string | undefined
  readonly from: number
  readonly to: number
  readonly limit: number
}

export const queryLogs = ({
  groups,
  query,
}: {
  readonly groups: readonly LogGroup[]
  readonly query: LogQuery
}) => {
  const matches = groups
    .filter((group) => matchesQuery({ group, query }))
    .map((group) => ({ group, times: timesWithin({ group, from: query.from, to: query.to }) }))
    .filter(({ times }) => times.length > 0)
    .toSorted((a, b) => severity(b.group.level) - severity(a.group.level) || b.times.length - a.times.length)
  return {
    total: matches.reduce((sum, { times }) => sum + times.length, 0),
    patterns: matches.map(({ group, times }) => ({
      service: group.service,
      level: group.level,
      message: group.message,
      count: times.length,
      first: rfc3339(times[0] ?? group.from),
      last: rfc3339(times.at(-1) ?? group.to),
    })),
    sample: matches
      .flatMap(({ group, times }) =>
        times.map((time) => ({ time, level: group.level, message: group.message })),
      )
      .toSorted((a, b) => severity(b.level) - severity(a.level) || a.time - b.time)
      .slice(0, query.limit)
      .map((entry) => ({ ...entry, time: rfc3339(entry.time) })),
  }
}

const levels = ['debug', 'info', 'warn', 'error', 'fatal']
const severity = (level: string): number => levels.indexOf(level)

const timesWithin = ({
  group,
  from,
  to,
}: {
  group: LogGroup
  from: number
  to: number
}): readonly number[] => {
  const step = group.count > 1 ? (group.to - group.from) / (group.count - 1) : 0
  return Array.from(
    { length: group.count },
    (_, index) => Math.floor((group.from + index * step) / 1000) * 1000,
  ).filter((time) => time >= from && time <= to)
}

const matchesQuery = ({ group, query }: { group: LogGroup; query: LogQuery }): boolean => {
  if (query.service !== undefined && group.service !== query.service) return false
  if (query.level !== undefined && normalLevel(query.level) !== group.level) return false
  return query.query === undefined || matchesText({ group, text: query.query })
}

const normalLevel = (level: string): string => {
  const lower = level.toLowerCase()
  return lower === 'warning' ? 'warn' : lower
}

/**
 * A LogQL selector is read for its quoted values, all of which must match; plain words match when any of them does,
 * because small models search with whole sentences.
 */
const matchesText = ({ group, text }: { group: LogGroup; text: string }): boolean => {
  const line = `${group.service} ${group.level} ${group.message}`.toLowerCase()
  if (text.trimStart().startsWith('{')) {
    const wanted = [...text.matchAll(/(?:=~?|\|[=~])\s*["`]([^"`]*)["`]/g)].map(([, value]) => value ?? '')
    return wanted.every((value) =>
      value
        .replace(/^\(\?i\)/, '')
        .split('|')
        .some((part) => line.includes(part.replaceAll('.*', '').toLowerCase())),
    )
  }
  const words = text.toLowerCase().match(/[\p{L}\p{N}_.:-]+/gu) ?? []
  return words.length === 0 || words.some((word) => line.includes(word))
}
