// The values of a template and what they look like as text. Data is JSON: text, numbers, booleans, null, lists and
// objects; nothing in it is ever called or parsed as a template.

import { TemplateFault } from './fault.ts'

/** Stands for a key that the data does not have. Only `default` and tests for truth may meet it. */
export class Missing {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

export const missingFault = ({ message }: Missing): TemplateFault =>
  new TemplateFault(message, 'give it a value with default, or test for it with if')

export type ListValue = readonly unknown[]
export type ObjectValue = Readonly<Record<string, unknown>>

export const isList = (value: unknown): value is ListValue => Array.isArray(value)
export const isObject = (value: unknown): value is ObjectValue =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Missing)
export const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint'

/** What a value is called in a message. */
export const nameOfType = (value: unknown): string => {
  if (value === null || value === undefined) return 'null'
  if (value instanceof Missing) return 'missing'
  if (isList(value)) return 'a list'
  if (isObject(value)) return 'an object'
  if (typeof value === 'string') return 'text'
  if (typeof value === 'boolean') return 'a boolean'
  return isNumber(value) ? 'a number' : `a ${typeof value}`
}

/** Truth as in Go: zero, "", false, null and empty lists and objects are false; so is a missing key. */
export const isTrue = (value: unknown): boolean => {
  if (value instanceof Missing) return false
  if (isList(value)) return value.length > 0
  if (isObject(value)) return Object.keys(value).length > 0
  return Boolean(value)
}

/** Text as printed: integers without an exponent, lists and objects as JSON. */
export const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  if (isNumber(value)) return numberText(value)
  if (value instanceof Missing) throw missingFault(value)
  if (value === null || value === undefined) {
    throw new TemplateFault('the value is null', 'give it a value with default, or test it with if')
  }
  return jsonText(value)
}

export const numberText = (value: number | bigint): string =>
  Number.isInteger(value) ? BigInt(value).toString() : String(value)

const MAX_JSON_DEPTH = 100

/** JSON of a value, numbers as `numberText` has them. */
export const jsonText = (value: unknown, depth = 0): string => {
  if (depth > MAX_JSON_DEPTH) throw new TemplateFault(`the value is more than ${MAX_JSON_DEPTH} levels deep`)
  if (value instanceof Missing) throw missingFault(value)
  if (isNumber(value)) return Number.isFinite(Number(value)) ? numberText(value) : 'null'
  if (isList(value)) return `[${value.map((item) => jsonText(item, depth + 1)).join(',')}]`
  if (isObject(value)) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => `${JSON.stringify(key)}:${jsonText(member, depth + 1)}`)
    return `{${members.join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/** The value of a JSON text. Integers that a double cannot hold stay exact. Throws SyntaxError. */
export const parseJson = (text: string): unknown =>
  JSON.parse(text, reviveNumber as (key: string, value: unknown) => unknown)

const reviveNumber = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source ?? ''
  return /^-?\d+$/.test(source) ? BigInt(source) : value
}

/** Own properties only: what an object inherits is not data. */
export const memberOf = (value: unknown, name: string): unknown => {
  if (value instanceof Missing) return value
  if (!isObject(value)) {
    return new Missing(`${JSON.stringify(name)} cannot be looked up in ${nameOfType(value)}`)
  }
  if (Object.hasOwn(value, name)) {
    const member = value[name]
    if (member !== undefined) return member
  }
  return new Missing(`there is no ${JSON.stringify(name)} in the data`)
}
