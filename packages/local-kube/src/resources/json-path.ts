/**
 * The part of Kubernetes' JSONPath dialect that printer columns use: fields, `\.` escapes, indexes, slices, `*`, `..`, and
 * filters comparing a relative path with a literal. A missing field yields nothing, it is not an error.
 */
import { isObject } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'

type Step = (values: readonly JsonValue[]) => readonly JsonValue[]
export type JsonPath = (object: JsonObject) => readonly JsonValue[]

export class JsonPathError extends Error {}

const field =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => (isObject(value) && Object.hasOwn(value, name) ? [value[name] ?? null] : []))

const children: Step = (values) =>
  values.flatMap((value): JsonValue[] =>
    Array.isArray(value) ? value : isObject(value) ? Object.values(value).map((child) => child ?? null) : [],
  )

const descend: Step = (values) => {
  const found: JsonValue[] = []
  const visit = (value: JsonValue): void => {
    found.push(value)
    for (const child of children([value])) visit(child)
  }
  for (const value of values) visit(value)
  return found
}

function slice(text: string): Step {
  const [from, to, step] = text.split(':').map((part) => (part.trim() === '' ? undefined : Number(part)))
  if (!text.includes(':')) {
    return (values) =>
      values.flatMap((value) => {
        const item = Array.isArray(value) ? value.at(from ?? 0) : undefined
        return item === undefined ? [] : [item]
      })
  }
  return (values) =>
    values.flatMap((value) =>
      Array.isArray(value) ? value.slice(from ?? 0, to).filter((_, index) => index % (step ?? 1) === 0) : [],
    )
}

function literal(text: string): JsonValue {
  const quoted = /^(['"])([\s\S]*)\1$/.exec(text)
  if (quoted) return (quoted[2] ?? '').replace(/\\(.)/g, '$1')
  if (text === 'true' || text === 'false') return text === 'true'
  const number = Number(text)
  if (text === '' || Number.isNaN(number)) throw new JsonPathError(`unrecognized literal ${text}`)
  return number
}

function filter(text: string): Step {
  const match = /^@([\s\S]*?)\s*(==|!=|>=|<=|>|<)\s*([\s\S]+)$/.exec(text.trim())
  const path = compileSteps(match === null ? text.trim().replace(/^@/, '') : (match[1] ?? ''))
  const operator = match?.[2]
  const wanted = match === null ? null : literal((match[3] ?? '').trim())
  const test = (left: JsonValue): boolean => {
    switch (operator) {
      case undefined:
        return true
      case '==':
        return left === wanted
      case '!=':
        return left !== wanted
      default: {
        if (left === null || wanted === null || typeof left !== typeof wanted) return false
        if (operator === '>') return left > wanted
        if (operator === '<') return left < wanted
        return operator === '>=' ? left >= wanted : left <= wanted
      }
    }
  }
  return (values) =>
    children(values.filter((value) => Array.isArray(value))).filter((item) => path([item]).some(test))
}

/** The end of the bracket that opens at `at`, ignoring brackets inside quotes. */
function closing(text: string, at: number): number {
  let depth = 0
  let quote = ''
  for (let index = at; index < text.length; index += 1) {
    const character = text[index] ?? ''
    if (quote !== '') {
      if (character === '\\') index += 1
      else if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === '[') depth += 1
    else if (character === ']' && --depth === 0) return index
  }
  throw new JsonPathError('unterminated array')
}

function compileSteps(text: string): Step {
  const steps: Step[] = []
  let at = 0
  while (at < text.length) {
    if (text.startsWith('..', at)) {
      steps.push(descend)
      at += text[at + 2] === '[' ? 2 : 1
    } else if (text[at] === '[') {
      const end = closing(text, at)
      const inner = text.slice(at + 1, end).trim()
      at = end + 1
      if (inner === '*') steps.push(children)
      else if (inner.startsWith('?(')) steps.push(filter(inner.slice(2, -1)))
      else if (/^['"]/.test(inner)) steps.push(field(String(literal(inner))))
      else if (/^-?\d*(:-?\d*){0,2}$/.test(inner)) steps.push(slice(inner))
      else throw new JsonPathError(`invalid array index ${inner}`)
    } else if (text[at] === '.') {
      const match = /^((?:\\.|[^.[\]\\])*)/.exec(text.slice(at + 1))
      const raw = match?.[1] ?? ''
      at += 1 + raw.length
      if (raw === '*') steps.push(children)
      else if (raw !== '') steps.push(field(raw.replace(/\\(.)/g, '$1')))
    } else throw new JsonPathError(`unrecognized character in action: ${text.slice(at)}`)
  }
  // What a column shows is short; a path that multiplies what it finds ends here.
  return (values) => steps.reduce((found, step) => step(found).slice(0, MOST_FOUND), values)
}

const MOST_FOUND = 1_000
const LONGEST_PATH = 1_024

export function compileJsonPath(path: string): JsonPath {
  if (path.length > LONGEST_PATH) throw new JsonPathError(`longer than ${LONGEST_PATH} characters`)
  const bare = path
    .trim()
    .replace(/^\{([\s\S]*)\}$/, '$1')
    .replace(/^\$/, '')
  const steps = compileSteps(bare === '' || /^[.[]/.test(bare) ? bare : `.${bare}`)
  return (object) => steps([object])
}
