/**
 * Patterns that come from users, matched in time that is linear in pattern and text, and not at all when that is still too
 * long: everybody waits for one match.
 */
import { createRequire } from 'node:module'
import type * as Re2 from 're2js'
import { isPatternTooLarge } from './pattern-size.ts'

/** Instructions of all patterns whose program is kept; those of the largest schema are well below. */
const REMEMBERED = 500_000
/** Instructions times characters for one part of a budget. */
const STEPS_PER_PART = 10

/** What a pattern became, or why it is none; the oldest first. */
const compiled = new Map<string, Re2.RE2JS | Error>()
let remembered = 0
let timesForgotten = 0
let library: typeof Re2 | undefined

/** Loaded with the first pattern. */
const re2 = (): typeof Re2 => (library ??= createRequire(import.meta.url)('re2js') as typeof Re2)

/** Throws when the pattern is none, or one that asks for too large a program. */
export function linearRegex(pattern: string): Re2.RE2JS {
  const regex = compiled.get(pattern) ?? remember(pattern)
  if (regex instanceof Error) throw regex
  return regex
}

function remember(pattern: string): Re2.RE2JS | Error {
  const regex = compile(pattern)
  compiled.set(pattern, regex)
  remembered += sizeOf(pattern, regex)
  if (remembered <= REMEMBERED) return regex
  timesForgotten += 1
  // Half of it: what a schema being prepared has just been given stays.
  for (const [oldest, program] of compiled) {
    if (remembered <= REMEMBERED / 2) break
    compiled.delete(oldest)
    remembered -= sizeOf(oldest, program)
  }
  return regex
}

function compile(pattern: string): Re2.RE2JS | Error {
  if (isPatternTooLarge(pattern))
    return new Error('it is too large: repetitions and classes make it longer than it looks')
  try {
    return re2().RE2JS.compile(pattern)
  } catch (error) {
    return error as Error
  }
}

const sizeOf = (pattern: string, regex: Re2.RE2JS | Error): number =>
  regex instanceof Error ? pattern.length : regex.programSize()

/** Changes when programs that were made before have to be made again. */
export const patternGeneration = (): number => timesForgotten

/** What it takes at most to look through the text, in parts of a budget. */
export const workOf = ({ regex, text }: { regex: Re2.RE2JS; text: string }): number =>
  Math.ceil((text.length * regex.programSize()) / STEPS_PER_PART)
