/**
 * Patterns that come from users, matched in time that is linear in pattern and text, and not at all when that is still too
 * long: everybody waits for one match.
 */
import { createRequire } from 'node:module'
import type * as Re2 from 're2js'

/** Instructions times characters; about a twentieth of a second. */
const LARGEST_WORK = 4_000_000
const REMEMBERED = 500
const compiled = new Map<string, Re2.RE2JS>()
let library: typeof Re2 | undefined

/** Loaded with the first pattern. */
const re2 = (): typeof Re2 => (library ??= createRequire(import.meta.url)('re2js') as typeof Re2)

/** Throws when the pattern is none. */
export function linearRegex(pattern: string): Re2.RE2JS {
  let found = compiled.get(pattern)
  if (found === undefined) {
    found = re2().RE2JS.compile(pattern)
    if (compiled.size >= REMEMBERED) compiled.clear()
    compiled.set(pattern, found)
  }
  return found
}

export class TooMuchWork extends Error {}

/** Throws `TooMuchWork` for a text that is too long for the pattern. */
export function checkWork({ regex, text }: { regex: Re2.RE2JS; text: string }): void {
  if (text.length * regex.programSize() <= LARGEST_WORK) return
  throw new TooMuchWork(`is too long to be matched: ${text.length} characters`)
}
