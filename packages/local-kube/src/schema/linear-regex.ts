/**
 * Patterns that come from users, matched in time that is linear in pattern and text, and not at all when that is still too
 * long: everybody waits for one match.
 */
import { createRequire } from 'node:module'
import type * as Re2 from 're2js'
import { isPatternTooLarge } from './pattern-size.ts'

/** Instructions of all patterns whose program is kept. */
const REMEMBERED = 500_000
/** Instructions times characters for one part of a budget. */
const STEPS_PER_PART = 10

const compiled = new Map<string, Re2.RE2JS>()
let remembered = 0
let timesForgotten = 0
let library: typeof Re2 | undefined

/** Loaded with the first pattern. */
const re2 = (): typeof Re2 => (library ??= createRequire(import.meta.url)('re2js') as typeof Re2)

/** Throws when the pattern is none, or one that asks for too large a program. */
export function linearRegex(pattern: string): Re2.RE2JS {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  if (isPatternTooLarge(pattern))
    throw new Error('it is too large: repetitions and classes make it longer than it looks')
  const regex = re2().RE2JS.compile(pattern)
  if (remembered > REMEMBERED) {
    compiled.clear()
    remembered = 0
    timesForgotten += 1
  }
  remembered += regex.programSize()
  compiled.set(pattern, regex)
  return regex
}

/** Changes when programs that were made before have to be made again. */
export const patternGeneration = (): number => timesForgotten

/** What it takes at most to look through the text, in parts of a budget. */
export const workOf = ({ regex, text }: { regex: Re2.RE2JS; text: string }): number =>
  Math.ceil((text.length * regex.programSize()) / STEPS_PER_PART)
