// Cuts a template into text and actions, and each action into tokens. Trim markers and comments end here.

import { TemplateSyntaxError } from './syntax-error.ts'

export type Token = { readonly at: number; readonly glued: boolean } & (
  | { readonly type: 'field' | 'variable' | 'name'; readonly name: string }
  | { readonly type: 'literal'; readonly value: string | number | bigint }
  | { readonly type: '.' | '|' | '(' | ')' | ':=' | '=' | ',' }
)

export type Part =
  | { readonly type: 'text'; readonly text: string; readonly at: number }
  | { readonly type: 'action'; readonly tokens: readonly Token[]; readonly at: number }

export interface Lexed {
  readonly parts: readonly Part[]
  readonly errors: readonly TemplateSyntaxError[]
}

const isSpace = (character: string | undefined): boolean =>
  character === ' ' || character === '\t' || character === '\r' || character === '\n'

export const lexTemplate = (text: string): Lexed => {
  const parts: Part[] = []
  const errors: TemplateSyntaxError[] = []
  let position = 0
  let trimNext = false

  const pushText = (end: number, trimEnd: boolean): void => {
    let piece = text.slice(position, end)
    if (trimNext) piece = piece.replace(/^[ \t\r\n]+/, '')
    if (trimEnd) piece = trimSpacesAtEnd(piece)
    if (piece !== '') parts.push({ type: 'text', text: piece, at: position })
  }

  for (;;) {
    const open = text.indexOf('{{', position)
    if (open < 0) {
      pushText(text.length, false)
      return { parts, errors }
    }
    const trims = text[open + 2] === '-' && isSpace(text[open + 3])
    pushText(open, trims)
    const scanner: Scanner = { text, open, position: open + (trims ? 3 : 2) }
    try {
      const tokens = scanAction(scanner)
      if (tokens !== undefined) parts.push({ type: 'action', tokens, at: open })
    } catch (error) {
      if (!(error instanceof TemplateSyntaxError)) throw error
      errors.push(error)
      // The rest of this action cannot be read; what follows it can.
      const close = text.indexOf('}}', error.at)
      if (close < 0) return { parts, errors }
      scanner.position = close
    }
    trimNext = text[scanner.position - 1] === '-' && isSpace(text[scanner.position - 2])
    position = scanner.position + 2
  }
}

// A regular expression for this would look at each run of spaces again from each of its characters.
const trimSpacesAtEnd = (piece: string): string => {
  let end = piece.length
  while (end > 0 && isSpace(piece[end - 1])) end -= 1
  return piece.slice(0, end)
}

interface Scanner {
  readonly text: string
  readonly open: number
  position: number
}

const unclosed = ({ open }: Scanner): TemplateSyntaxError =>
  new TemplateSyntaxError(
    open,
    'the action that starts here is not closed',
    'close it with }}, or write {{ "{{" }} for two braces as text',
  )

/** Leaves the scanner at `}}`. Undefined for a comment. */
const scanAction = (scanner: Scanner): readonly Token[] | undefined => {
  const { text } = scanner
  skipSpace(scanner)
  if (text.startsWith('/*', scanner.position)) {
    skipComment(scanner)
    return undefined
  }
  const tokens: Token[] = []
  for (;;) {
    skipSpace(scanner)
    const spaced = isSpace(text[scanner.position - 1])
    if (text.startsWith('}}', scanner.position)) return tokens
    if (spaced && text.startsWith('-}}', scanner.position)) {
      scanner.position += 1
      return tokens
    }
    if (scanner.position >= text.length) throw unclosed(scanner)
    tokens.push(scanToken(scanner, !spaced && tokens.length > 0))
  }
}

const skipSpace = (scanner: Scanner): void => {
  while (isSpace(scanner.text[scanner.position])) scanner.position += 1
}

const skipComment = (scanner: Scanner): void => {
  const { text } = scanner
  const start = scanner.position
  const end = text.indexOf('*/', start + 2)
  if (end < 0) throw new TemplateSyntaxError(start, 'the comment is not closed', 'close it with */ }}')
  scanner.position = end + 2
  skipSpace(scanner)
  if (isSpace(text[scanner.position - 1]) && text.startsWith('-}}', scanner.position)) scanner.position += 1
  if (!text.startsWith('}}', scanner.position)) {
    throw new TemplateSyntaxError(scanner.position, 'a comment must be alone in its action')
  }
}

const IDENTIFIER = /[\p{L}_][\p{L}\p{N}_]*/uy
// Names of steps and roles have hyphens inside. After a name, a digit may start the next one: `.steps.1st`.
const FIELD = /[\p{L}\p{N}_]+(?:-+[\p{L}\p{N}_]+)*/uy
const NUMBER =
  /[+-]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/y
const WORD_FOLLOWS = /[\p{L}\p{N}_]/uy

const match = (pattern: RegExp, { text, position }: Scanner): string | undefined => {
  pattern.lastIndex = position
  return pattern.exec(text)?.[0]
}

const scanToken = (scanner: Scanner, glued: boolean): Token => {
  const { text } = scanner
  const at = scanner.position
  const character = text[at] ?? ''
  const take = <T extends object>(length: number, token: T): T & { at: number; glued: boolean } => {
    scanner.position = at + length
    return { ...token, at, glued }
  }

  switch (character) {
    case '|':
    case '(':
    case ')':
    case ',':
    case '=':
      return take(1, { type: character })
    case ':':
      if (text[at + 1] === '=') return take(2, { type: ':=' })
      throw new TemplateSyntaxError(at, 'a colon stands alone', 'write := to declare a variable')
    case '"':
      return scanQuoted(scanner, glued)
    case '`': {
      const end = text.indexOf('`', at + 1)
      if (end < 0) throw new TemplateSyntaxError(at, 'the raw string is not closed')
      return take(end + 1 - at, { type: 'literal', value: text.slice(at + 1, end) })
    }
    case "'":
      return scanCharacter(scanner, glued)
    case '$': {
      const name = match(IDENTIFIER, { ...scanner, position: at + 1 }) ?? ''
      return take(1 + name.length, { type: 'variable', name })
    }
    case '.': {
      const digit = /\d/.test(text[at + 1] ?? '')
      if (digit && !glued) break
      const name = match(FIELD, { ...scanner, position: at + 1 })
      if (name === undefined) return take(1, { type: '.' })
      return take(1 + name.length, { type: 'field', name })
    }
    default:
  }

  const name = match(IDENTIFIER, scanner)
  if (name !== undefined) return take(name.length, { type: 'name', name })
  const number = match(NUMBER, scanner)
  if (number !== undefined) {
    if (match(WORD_FOLLOWS, { ...scanner, position: at + number.length }) !== undefined) {
      throw new TemplateSyntaxError(at, `a number is followed by a letter: ${JSON.stringify(number)}`)
    }
    return take(number.length, { type: 'literal', value: numberOf(number, at) })
  }
  throw new TemplateSyntaxError(
    at,
    `unexpected character ${JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))}`,
  )
}

const numberOf = (written: string, at: number): number | bigint => {
  const plain = written.replaceAll('_', '')
  const negative = plain.startsWith('-')
  const digits = plain.replace(/^[+-]/, '')
  if (!/^(?:\d+|0[xXbBoO][\da-fA-F]+)$/.test(digits)) {
    const value = Number(plain)
    if (Number.isFinite(value)) return value
    throw new TemplateSyntaxError(at, `${JSON.stringify(written)} is not a number`)
  }
  const exact = negative ? -BigInt(digits) : BigInt(digits)
  const value = Number(exact)
  return Number.isSafeInteger(value) ? value : exact
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
}
const ESCAPE_CODE = /x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})/y

/** Reads the escape after a backslash at `scanner.position`, and moves behind it. */
const scanEscape = (scanner: Scanner): string => {
  const { text, position } = scanner
  const simple = text[position] ?? ''
  if (Object.hasOwn(escapes, simple)) {
    scanner.position += 1
    return escapes[simple] ?? ''
  }
  const code = match(ESCAPE_CODE, scanner)
  const point =
    code === undefined
      ? Number.NaN
      : Number.parseInt(code.replace(/^[xuU]/, ''), /^[xuU]/.test(code) ? 16 : 8)
  if (code === undefined || point > 0x10ffff) {
    throw new TemplateSyntaxError(position - 1, 'unknown escape in a string', 'write \\\\ for one backslash')
  }
  scanner.position += code.length
  return String.fromCodePoint(point)
}

const scanQuoted = (scanner: Scanner, glued: boolean): Token => {
  const { text } = scanner
  const at = scanner.position
  let value = ''
  scanner.position += 1
  for (;;) {
    const character = text[scanner.position]
    if (character === undefined || character === '\n') {
      throw new TemplateSyntaxError(
        at,
        'the string is not closed on its line',
        'close it with a double quote',
      )
    }
    scanner.position += 1
    if (character === '"') return { type: 'literal', value, at, glued }
    value += character === '\\' ? scanEscape(scanner) : character
  }
}

/** A character constant is its code point, as in Go. */
const scanCharacter = (scanner: Scanner, glued: boolean): Token => {
  const { text } = scanner
  const at = scanner.position
  scanner.position += 1
  const first = text.codePointAt(scanner.position)
  if (first === undefined) throw new TemplateSyntaxError(at, 'the character is not closed')
  let value = String.fromCodePoint(first)
  scanner.position += value.length
  if (value === '\\') value = scanEscape(scanner)
  if (text[scanner.position] !== "'") {
    throw new TemplateSyntaxError(at, 'single quotes hold one character', 'write strings in double quotes')
  }
  scanner.position += 1
  return { type: 'literal', value: value.codePointAt(0) ?? 0, at, glued }
}
