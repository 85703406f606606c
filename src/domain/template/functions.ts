// The functions of the template language: Go's own, and the few that everybody adds to them. All are pure, and a
// missing key reaches only those that say so.

import { limits } from './ast.ts'
import { TemplateFault } from './fault.ts'
import { formatText } from './format.ts'
import {
  isList,
  isNumber,
  isObject,
  isTrue,
  jsonText,
  memberOf,
  Missing,
  nameOfType,
  parseJson,
  textOf,
} from './value.ts'

export interface TemplateFunction {
  readonly min: number
  readonly max: number
  /** Whether missing keys are handed in as they are instead of being an error. */
  readonly takesMissing: boolean
  readonly apply: (values: readonly unknown[]) => unknown
}

const many = Number.POSITIVE_INFINITY
const of = (
  min: number,
  max: number,
  apply: TemplateFunction['apply'],
  takesMissing = false,
): TemplateFunction => ({ min, max, takesMissing, apply })

const text = (name: string, value: unknown): string => {
  if (typeof value === 'string') return value
  if (isNumber(value) || typeof value === 'boolean') return textOf(value)
  throw new TemplateFault(
    `${name} works on text and was given ${nameOfType(value)}`,
    value === null ? 'give it a value with default' : 'turn it into text with toJson',
  )
}
const integer = (name: string, value: unknown): number => {
  if (isNumber(value) && Number.isSafeInteger(Number(value))) return Number(value)
  throw new TemplateFault(`${name} needs a whole number and was given ${nameOfType(value)}`)
}
const onText = (name: string, change: (value: string) => string): TemplateFunction =>
  of(1, 1, ([value]) => change(text(name, value)))

// Text is measured and cut in characters, never inside one.
const characters = (value: string): readonly string[] => [...value]

const MAX_INDENT = 1000
// The evaluator checks each result; these two functions could exhaust the memory before it sees one.
const tooLong = (): TemplateFault => new TemplateFault(`a text has more than ${limits.output} characters`)

const indent = ([width, value]: readonly unknown[]): string => {
  const spaces = integer('indent', width)
  if (spaces < 0 || spaces > MAX_INDENT) throw new TemplateFault(`indent takes 0 to ${MAX_INDENT} spaces`)
  const pad = ' '.repeat(spaces)
  const lines = text('indent', value).split('\n')
  if (lines.length * spaces > limits.output) throw tooLong()
  return pad + lines.join(`\n${pad}`)
}

const trunc = ([length, value]: readonly unknown[]): string => {
  const count = integer('trunc', length)
  const all = characters(text('trunc', value))
  return (count < 0 ? all.slice(count) : all.slice(0, count)).join('')
}

const join = ([separator, list]: readonly unknown[]): string => {
  if (!isList(list)) throw new TemplateFault(`join works on a list and was given ${nameOfType(list)}`)
  const between = text('join', separator)
  if (list.length * between.length > limits.output) throw tooLong()
  return list.map(textOf).join(between)
}

const length = ([value]: readonly unknown[]): number => {
  if (typeof value === 'string') return characters(value).length
  if (isList(value)) return value.length
  if (isObject(value)) return Object.keys(value).length
  throw new TemplateFault(`len works on text, lists and objects and was given ${nameOfType(value)}`)
}

const lookUp = (value: unknown, key: unknown): unknown => {
  if (!isList(value)) return memberOf(value, text('index', key))
  const position = integer('index', key)
  return position >= 0 && position < value.length
    ? value[position]
    : new Missing(`the list has no item ${position}; it has ${value.length}`)
}

const slice = ([value, ...bounds]: readonly unknown[]): unknown => {
  const items = typeof value === 'string' ? characters(value) : value
  if (!isList(items))
    throw new TemplateFault(`slice works on text and lists and was given ${nameOfType(value)}`)
  const [from = 0, to = items.length] = bounds.map((bound) => integer('slice', bound))
  if (from < 0 || to < from || to > items.length) {
    throw new TemplateFault(`slice ${from} to ${to} is outside of a length of ${items.length}`)
  }
  const part = items.slice(from, to)
  return typeof value === 'string' ? part.join('') : part
}

const kindOf = (value: unknown): string =>
  isNumber(value) ? 'number' : value === null ? 'null' : typeof value

const equals = (name: string, a: unknown, b: unknown): boolean => {
  if (isList(a) || isObject(a) || isList(b) || isObject(b)) {
    throw new TemplateFault(
      `${name} compares texts, numbers and booleans, not ${nameOfType(isList(a) || isObject(a) ? a : b)}`,
    )
  }
  if (a === null || b === null) return a === b
  if (kindOf(a) !== kindOf(b)) {
    throw new TemplateFault(`${name} compares ${nameOfType(a)} with ${nameOfType(b)}`)
  }
  return isNumber(a) && isNumber(b) ? compare(name, a, b) === 0 : a === b
}

const compare = (name: string, a: unknown, b: unknown): number => {
  if (isNumber(a) && isNumber(b)) return a < b ? -1 : a > b ? 1 : 0
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  throw new TemplateFault(`${name} compares ${nameOfType(a)} with ${nameOfType(b)}`)
}
const comparison = (name: string, holds: (order: number) => boolean): TemplateFunction =>
  of(2, 2, ([a, b]) => holds(compare(name, a, b)))

const fromJson = ([value]: readonly unknown[]): unknown => {
  try {
    return parseJson(text('fromJson', value))
  } catch (error) {
    if (error instanceof TemplateFault) throw error
    throw new TemplateFault('fromJson was given text that is not JSON')
  }
}

const replaceCharacters = (value: string, pattern: RegExp, table: Readonly<Record<string, string>>): string =>
  value.replace(pattern, (character) => table[character] ?? character)
const htmlTable = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;', '\0': '\uFFFD' }
const jsTable = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
  '\n': '\\u000A',
  '\r': '\\u000D',
  '\t': '\\u0009',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}
const printed = (values: readonly unknown[]): string => values.map(textOf).join('')

// As Go's Print does it: a space between two values of which neither is text.
const print = (values: readonly unknown[]): string =>
  values.reduce<string>((result, value, index) => {
    const before = values[index - 1]
    const space = index > 0 && typeof value !== 'string' && typeof before !== 'string' ? ' ' : ''
    return result + space + textOf(value)
  }, '')

export const functions: ReadonlyMap<string, TemplateFunction> = new Map([
  // `and` and `or` stop early; the evaluator does that, and comes here only for the names and numbers.
  ['and', of(1, many, (values) => values.at(-1), true)],
  ['or', of(1, many, (values) => values.at(-1), true)],
  ['not', of(1, 1, ([value]) => !isTrue(value), true)],
  ['eq', of(2, many, ([first, ...others]) => others.some((other) => equals('eq', first, other)))],
  ['ne', of(2, 2, ([a, b]) => !equals('ne', a, b))],
  ['lt', comparison('lt', (order) => order < 0)],
  ['le', comparison('le', (order) => order <= 0)],
  ['gt', comparison('gt', (order) => order > 0)],
  ['ge', comparison('ge', (order) => order >= 0)],
  ['len', of(1, 1, length)],
  // A missing step on the way stays missing, so that `default` can handle it at the end.
  [
    'index',
    of(
      1,
      many,
      ([value, ...keys]) =>
        keys.reduce((found, key) => (found instanceof Missing ? found : lookUp(found, key)), value),
      true,
    ),
  ],
  ['slice', of(1, 3, slice)],
  ['print', of(0, many, print)],
  ['println', of(0, many, (values) => `${values.map(textOf).join(' ')}\n`)],
  ['printf', of(1, many, ([format, ...values]) => formatText(text('printf', format), values))],
  ['html', of(1, many, (values) => replaceCharacters(printed(values), /[&<>"'\0]/g, htmlTable))],
  [
    'js',
    of(1, many, (values) => replaceCharacters(printed(values), /[\\'"<>&=\n\r\t\u2028\u2029]/g, jsTable)),
  ],
  [
    'urlquery',
    of(1, many, (values) => encodeURIComponent(printed(values).toWellFormed()).replaceAll('%20', '+')),
  ],
  ['default', of(2, 2, ([fallback, value]) => (isTrue(value) ? value : fallback), true)],
  ['toJson', of(1, 1, ([value]) => jsonText(value))],
  ['fromJson', of(1, 1, fromJson)],
  ['trunc', of(2, 2, trunc)],
  ['upper', onText('upper', (value) => value.toUpperCase())],
  ['lower', onText('lower', (value) => value.toLowerCase())],
  ['trim', onText('trim', (value) => value.trim())],
  ['join', of(2, 2, join)],
  ['indent', of(2, 2, indent)],
  ['quote', of(1, 1, ([value]) => JSON.stringify(textOf(value)))],
])
