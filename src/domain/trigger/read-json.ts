// A body as a JSON object, or why it is none. Stricter than a parser: what two parsers may read differently is refused.

import { parseJson } from '../template/value.ts'
import type { ObjectValue } from '../template/value.ts'

export type JsonReading =
  | { readonly type: 'object'; readonly object: ObjectValue }
  | { readonly type: 'unreadable'; readonly message: string; readonly remedy?: string }

const MAX_DEPTH = 100
const LONGEST_NUMBER = 400

/** An empty body is an object without members. */
export const readJson = ({
  body,
  contentType,
}: {
  readonly body: Uint8Array
  readonly contentType: string | undefined
}): JsonReading => {
  if (body.byteLength === 0) return { type: 'object', object: {} }
  const media = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (!isJsonMedia(media))
    return unreadable(
      `the body is ${media.slice(0, 80)}, not JSON`,
      'send it with content-type: application/json',
    )
  const text = utf8(body)
  if (text === undefined) return unreadable('the body is not UTF-8', 'send JSON in UTF-8')
  if (text.startsWith('\uFEFF')) return unreadable('the body begins with a byte order mark', 'leave it out')
  if (text.trim() === '') return { type: 'object', object: {} }
  // Before it is parsed: a parser that reads deep nesting by recursion ends with its stack.
  const shape = shapeFault(text)
  if (shape !== undefined) return unreadable(shape)
  let value: unknown
  try {
    value = parseJson(text)
  } catch (error) {
    return unreadable(
      `the body is not JSON: ${(error as Error).message.slice(0, 200)}`,
      'send a JSON document',
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return unreadable(
      `the body is ${Array.isArray(value) ? 'a list' : JSON.stringify(value).slice(0, 40)}, not an object`,
      'send one JSON object',
    )
  return { type: 'object', object: value as ObjectValue }
}

/** Nothing said, JSON, one of its dialects, or text that calls itself nothing better. */
const isJsonMedia = (media: string): boolean =>
  media === '' || media === 'text/plain' || /^(application|text)\/([\w.+-]+\+)?json$/.test(media)

const unreadable = (message: string, remedy?: string): JsonReading => ({
  type: 'unreadable',
  message,
  ...(remedy === undefined ? {} : { remedy }),
})

export const utf8 = (body: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    return undefined
  }
}

/**
 * Nesting, names that stand twice in one object, and numbers that no double holds. In one pass over the text and without
 * a regular expression that could start over; syntax is the parser's business.
 */
const shapeFault = (text: string): string | undefined => {
  const open: (Set<string> | undefined)[] = []
  let index = 0
  while (index < text.length) {
    const character = text[index] ?? ''
    if (character === '"') {
      const end = endOfText(text, index)
      const names = open.at(-1)
      if (names !== undefined && text[afterBlanks(text, end)] === ':') {
        const name = nameOf(text.slice(index, end))
        if (names.has(name)) return `the name ${JSON.stringify(name.slice(0, 80))} stands twice in one object`
        names.add(name)
      }
      index = end
    } else if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : undefined)
      if (open.length > MAX_DEPTH) return `the body is nested more than ${MAX_DEPTH} levels deep`
      index += 1
    } else if (character === '}' || character === ']') {
      open.pop()
      index += 1
    } else if (isNumberPart(character)) {
      const end = endOfNumber(text, index)
      const number = text.slice(index, end)
      if (number.length > LONGEST_NUMBER) return `a number has more than ${LONGEST_NUMBER} digits`
      if (/[.eE]/.test(number) && Math.abs(Number(number)) === Infinity)
        return `the number ${number.slice(0, 40)} is too large`
      index = end
    } else index += 1
  }
  return undefined
}

/** Behind the closing quote, or the end of the text. */
const endOfText = (text: string, start: number): number => {
  let index = start + 1
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1
  return Math.min(index + 1, text.length)
}

const endOfNumber = (text: string, start: number): number => {
  let index = start + 1
  while (index < text.length && isNumberPart(text[index] ?? '')) index += 1
  return index
}

const isNumberPart = (character: string): boolean =>
  (character >= '0' && character <= '9') ||
  character === '-' ||
  character === '+' ||
  character === '.' ||
  character === 'e' ||
  character === 'E'

const afterBlanks = (text: string, start: number): number => {
  let index = start
  while (' \n\r\t'.includes(text[index] ?? '#')) index += 1
  return index
}

const nameOf = (quoted: string): string => {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return JSON.parse(quoted) as string
  } catch {
    return quoted
  }
}
