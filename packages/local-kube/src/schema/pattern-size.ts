/**
 * How large the program of a pattern will be at most, from one look along its text: a pattern of few characters may
 * stand for a million steps (`(((a{10}){10}){10}`), and making them is what everybody would wait for.
 */
import { schemasIn } from './structural-schema.ts'
import type { StructuralSchema } from './structural-schema.ts'

/** Instructions; about a thirtieth of a second to make, and that in one go. */
const LARGEST_PROGRAM = 20_000
/** Instructions of all the patterns of a schema. */
const MOST_TOGETHER = 200_000

/** What a character of a class costs that is compared without case beyond ASCII: its ranges are looked up one by one. */
const FOLDED_CHARACTER = 140

export function largestProgramOf(pattern: string): number {
  const perCharacter =
    /\(\?[a-zA-Z]*i/.test(pattern) && /\\[pPx]|[^\0-\x7f]/.test(pattern) ? FOLDED_CHARACTER : 0
  // The size of what is in the innermost group so far, of the groups around it, and of what a repeat would repeat.
  const outer: number[] = []
  let size = 3
  let repeated = 0
  const take = (atom: number): void => {
    size += atom
    repeated = atom
  }
  // An escape, a class, a count, the beginning of a group, or any character.
  for (const [token, from, to] of pattern.matchAll(
    /\\[pPx]\{[^}]*\}|\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]?|\{(\d+)(?:,(\d*))?\}|\(\?[^)a-zA-Z]*[a-zA-Z]*[:)]?|[\s\S]/g,
  )) {
    if (from !== undefined) {
      const times = Math.max(1, Number(from) + 1, Number(to ?? 0) * 2)
      size += repeated * (times - 1)
      repeated *= times
    } else if (token.startsWith('(')) {
      if (token.endsWith(')')) continue
      outer.push(size)
      size = 2
    } else if (token === ')') {
      const inner = size
      size = outer.pop() ?? 0
      take(inner)
    } else if ('*+?|'.includes(token)) size += 2
    else take(1 + token.length * perCharacter)
  }
  return size
}

export const isPatternTooLarge = (pattern: string): boolean =>
  pattern.length > LARGEST_PROGRAM || largestProgramOf(pattern) > LARGEST_PROGRAM

const known = new WeakMap<StructuralSchema, boolean>()

/** Whether the different patterns of a schema are more than should be kept ready for it. */
export function arePatternsTooLarge(schema: StructuralSchema): boolean {
  const answer = known.get(schema) ?? isMoreThan(MOST_TOGETHER, patternsIn(schema))
  known.set(schema, answer)
  return answer
}

function isMoreThan(most: number, patterns: ReadonlySet<string>): boolean {
  let left = most
  for (const pattern of patterns) {
    // A few that are too large alone are refused for that.
    left -=
      pattern.length > LARGEST_PROGRAM
        ? LARGEST_PROGRAM
        : Math.min(largestProgramOf(pattern), LARGEST_PROGRAM)
    if (left < 0) return true
  }
  return false
}

function patternsIn(schema: StructuralSchema, found = new Set<string>()): ReadonlySet<string> {
  const { pattern } = schema
  if (typeof pattern === 'string') found.add(pattern)
  for (const child of schemasIn(schema)) patternsIn(child, found)
  return found
}
