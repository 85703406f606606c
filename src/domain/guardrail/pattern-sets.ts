// Patterns of tools as sets: whether one holds all of another, and whether two have anything in common. Questions for
// those who have to judge before any tool is known by name.

import { matchesTool } from './glob.ts'

/** Whether every tool that `inner` matches, `outer` matches too. */
export const covers = (outer: string, inner: string): boolean => {
  const parts = partsOf(inner)
  // A `*` taken as a plain character is swallowed by a `*` of `outer` only, and so is then whatever it stands for.
  return parts === undefined || matchesTool(outer, parts)
}

/** Whether some tool could match both. */
export const overlap = (a: string, b: string): boolean => {
  const [left, right] = [partsOf(a), partsOf(b)]
  if (left === undefined || right === undefined) return false
  return segmentsOverlap(left.server, right.server) && segmentsOverlap(left.tool, right.tool)
}

/** Whether some model's name could match both. */
export const modelsOverlap = (a: string, b: string): boolean => {
  if (/^\*+$/.test(a) || /^\*+$/.test(b)) return true
  const [left, right] = [a.split('/'), b.split('/')]
  return (
    left.length === right.length && left.every((each, index) => segmentsOverlap(each, right[index] ?? ''))
  )
}

const segmentsOverlap = (a: string, b: string): boolean => {
  if (!b.includes('*')) return matchesTool(`x/${a}`, { server: 'x', tool: b })
  if (!a.includes('*')) return matchesTool(`x/${b}`, { server: 'x', tool: a })
  // What lies between first and last `*` of both can stand one after the other: only the ends can exclude each other.
  const begins = [a.slice(0, a.indexOf('*')), b.slice(0, b.indexOf('*'))] as const
  const ends = [a.slice(a.lastIndexOf('*') + 1), b.slice(b.lastIndexOf('*') + 1)] as const
  return (
    (begins[0].startsWith(begins[1]) || begins[1].startsWith(begins[0])) &&
    (ends[0].endsWith(ends[1]) || ends[1].endsWith(ends[0]))
  )
}

/** Server and tool of a pattern; undefined for one that matches nothing, because it has no slash. */
export const partsOf = (pattern: string): { readonly server: string; readonly tool: string } | undefined => {
  if (/^\*+$/.test(pattern)) return { server: '*', tool: '*' }
  const slash = pattern.indexOf('/')
  return slash < 0 ? undefined : { server: pattern.slice(0, slash), tool: pattern.slice(slash + 1) }
}
