/**
 * The CEL environment Kubernetes gives to validation rules: standard CEL plus its extension functions. `matches` runs on
 * RE2 (linear time), because the expression and the text both come from users.
 */
import type { Environment } from '@marcbachmann/cel-js'
import type { RE2JS } from 're2js'
import { quantitySuffixes } from '../quantity.ts'
import { charge } from './cel-budget.ts'
import { celLibrary } from './cel-library.ts'
import { linearRegex, workOf } from './linear-regex.ts'

type CelList = readonly unknown[]

/** A pattern that may be matched with this text. */
function matcher(pattern: string, text: string): ReturnType<RE2JS['matcher']> {
  const regex = linearRegex(pattern)
  charge(workOf({ regex, text }))
  return regex.matcher(text)
}

/** Characters a rule may make of what it was given. */
const LONGEST_TEXT = 1_000_000

function replaced(text: string, from: string, to: string, limit: number): string {
  const occurrences = from === '' ? text.length + 1 : text.split(from).length - 1
  if (text.length + Math.min(occurrences, limit) * to.length > LONGEST_TEXT)
    throw new Error('the result of replace is too long')
  charge(Math.ceil(Math.min(occurrences, limit) / 2))
  let left = limit
  return text.replaceAll(from, (found) => (left-- > 0 ? to : found))
}

const less = (a: unknown, b: unknown): boolean => (a as number) < (b as number)
const toNumber = (value: bigint): number => Number(value)

function findAll(text: string, pattern: string, limit: number): string[] {
  const matching = matcher(pattern, text)
  const found: string[] = []
  while (found.length < limit && matching.find()) found.push(matching.group() ?? '')
  return found
}

function sum(list: CelList): bigint | number {
  return list.reduce<bigint | number>(
    (total, item) => {
      if (typeof item === 'bigint' && typeof total === 'bigint') return total + item
      return Number(total) + Number(item)
    },
    list.some((item) => typeof item === 'number') ? 0 : 0n,
  )
}

function quantity(text: string): number {
  const match = /^([+-]?[0-9.]+)([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?$/.exec(text)
  if (match === null)
    throw new Error(
      `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
    )
  const suffix = match[2] ?? ''
  const factor = suffix === '' ? 1 : (quantitySuffixes[suffix] ?? Number(`1${suffix}`))
  return Number(match[1]) * factor
}

class Quantity {
  readonly amount: number
  constructor(amount: number) {
    this.amount = amount
  }
}

export class CelUrl {
  readonly url: URL
  constructor(text: string) {
    this.url = new URL(text)
  }
}

let shared: Environment | undefined

export function celEnvironment(): Environment {
  if (shared !== undefined) return shared
  const { Environment } = celLibrary()
  const env = new Environment({
    unlistedVariablesAreDyn: true,
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 5_000, maxDepth: 100 },
  })
  env.registerType('Quantity', Quantity)
  env.registerType('URL', CelUrl)
  const add = (signature: string, handler: (...values: never[]) => unknown): void => {
    env.registerFunction(signature, handler as (...values: unknown[]) => unknown)
  }
  add('string.re2Matches(string): bool', (text: string, pattern: string) => matcher(pattern, text).find())
  add('re2Matches(string, string): bool', (text: string, pattern: string) => matcher(pattern, text).find())
  add('string.re2Find(string): string', (text: string, pattern: string) => findAll(text, pattern, 1)[0] ?? '')
  add('string.re2FindAll(string): list', (text: string, pattern: string) => findAll(text, pattern, Infinity))
  add('string.re2FindAll(string, int): list', (text: string, pattern: string, limit: bigint) =>
    findAll(text, pattern, limit < 0n ? Infinity : toNumber(limit)),
  )
  add('string.replace(string, string): string', (text: string, from: string, to: string) =>
    replaced(text, from, to, Infinity),
  )
  add(
    'string.replace(string, string, int): string',
    (text: string, from: string, to: string, limit: bigint) =>
      replaced(text, from, to, limit < 0n ? Infinity : toNumber(limit)),
  )
  add('list.isSorted(): bool', (list: CelList) =>
    list.every((item, index) => index === 0 || !less(item, list[index - 1])),
  )
  add('list.sum(): dyn', sum)
  add('list.min(): dyn', (list: CelList) => {
    if (list.length === 0) throw new Error('min called on empty list')
    return list.reduce((best, item) => (less(item, best) ? item : best))
  })
  add('list.max(): dyn', (list: CelList) => {
    if (list.length === 0) throw new Error('max called on empty list')
    return list.reduce((best, item) => (less(best, item) ? item : best))
  })
  add('list.indexOf(dyn): int', (list: CelList, wanted: unknown) => BigInt(list.indexOf(wanted)))
  add('list.lastIndexOf(dyn): int', (list: CelList, wanted: unknown) => BigInt(list.lastIndexOf(wanted)))
  add('isURL(string): bool', (text: string) => URL.canParse(text))
  add('url(string): URL', (text: string) => new CelUrl(text))
  add('URL.getScheme(): string', (value: CelUrl) => value.url.protocol.replace(/:$/, ''))
  add('URL.getHost(): string', (value: CelUrl) => value.url.host)
  add('URL.getHostname(): string', (value: CelUrl) => value.url.hostname)
  add('URL.getPort(): string', (value: CelUrl) => value.url.port)
  add('URL.getEscapedPath(): string', (value: CelUrl) => value.url.pathname)
  add('isQuantity(string): bool', (text: string) => {
    try {
      quantity(text)
      return true
    } catch {
      return false
    }
  })
  add('quantity(string): Quantity', (text: string) => new Quantity(quantity(text)))
  add('Quantity.isGreaterThan(Quantity): bool', (a: Quantity, b: Quantity) => a.amount > b.amount)
  add('Quantity.isLessThan(Quantity): bool', (a: Quantity, b: Quantity) => a.amount < b.amount)
  add('Quantity.compareTo(Quantity): int', (a: Quantity, b: Quantity) =>
    BigInt(Math.sign(a.amount - b.amount)),
  )
  add('Quantity.isInteger(): bool', (value: Quantity) => Number.isInteger(value.amount))
  add('Quantity.asInteger(): int', (value: Quantity) => BigInt(value.amount))
  add('Quantity.asApproximateFloat(): double', (value: Quantity) => value.amount)
  add('Quantity.sign(): int', (value: Quantity) => BigInt(Math.sign(value.amount)))
  shared = env
  return env
}

const RENAMED = new Map([
  ['matches', 're2Matches'],
  ['find', 're2Find'],
  ['findAll', 're2FindAll'],
])

/** Renames calls to regex functions outside string literals; `matches` itself cannot be overridden. */
export function rewireRegex(expression: string): string {
  const token =
    /[rR]?"""[\s\S]*?"""|[rR]?'''[\s\S]*?'''|[rR]"[^"]*"|[rR]'[^']*'|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\/\/[^\n]*|[A-Za-z_]\w*/g
  return expression.replace(token, (found, at: number) => {
    const renamed = RENAMED.get(found)
    return renamed !== undefined && /^\s*\(/.test(expression.slice(at + found.length)) ? renamed : found
  })
}
