// printf: the verbs of Go's that make sense for JSON data. A format that does not fit its values is an error, where Go
// would print `%!d(string=x)` into the text.

import { TemplateFault } from './fault.ts'
import { isNumber, numberText, nameOfType, textOf } from './value.ts'

const VERB = /%(?<flags>[-+# 0]*)(?<width>\d+)?(?:\.(?<precision>\d+))?(?<verb>.)?/gsu
const MAX_WIDTH = 1000
const MAX_PRECISION = 100

export const formatText = (format: string, values: readonly unknown[]): string => {
  let next = 0
  const result = format.replace(VERB, (...args) => {
    const { flags = '', width = '0', precision, verb } = args.at(-1) as Verb
    if (verb === '%') return '%'
    if (verb === undefined)
      throw new TemplateFault('printf: the format ends in a single %', 'write %% for a percent sign')
    if (Number(width) > MAX_WIDTH || Number(precision ?? 0) > MAX_PRECISION) {
      throw new TemplateFault(`printf: at most ${MAX_WIDTH} wide and ${MAX_PRECISION} digits precise`)
    }
    if (next >= values.length) throw new TemplateFault(`printf: %${verb} has no value`)
    const value = values[next]
    next += 1
    return pad(
      formatOne(verb, value, precision === undefined ? undefined : Number(precision), flags),
      Number(width),
      flags,
      value,
    )
  })
  if (next < values.length) throw new TemplateFault(`printf: ${values.length} values for ${next} verbs`)
  return result
}

interface Verb {
  readonly flags?: string
  readonly width?: string
  readonly precision?: string
  readonly verb?: string
}

const formatOne = (verb: string, value: unknown, precision: number | undefined, flags: string): string => {
  const signed = (written: string): string =>
    flags.includes('+') && !written.startsWith('-') ? `+${written}` : written
  switch (verb) {
    case 's':
      return cut(textOf(value), precision)
    case 'v':
      return isNumber(value) ? signed(numberText(value)) : cut(textOf(value), precision)
    case 'q':
      return JSON.stringify(cut(textOf(value), precision))
    case 't':
      if (typeof value === 'boolean') return String(value)
      throw misfit(verb, value)
    case 'd':
      if (isNumber(value) && Number.isInteger(Number(value))) return signed(numberText(value))
      throw misfit(verb, value)
    case 'x':
    case 'X': {
      const written = hexOf(value)
      return verb === 'X' ? written.toUpperCase() : written
    }
    case 'f':
    case 'F':
      if (isNumber(value)) return signed(fixed(Number(value), precision ?? 6))
      throw misfit(verb, value)
    case 'e':
      if (isNumber(value)) return signed(exponent(Number(value), precision ?? 6))
      throw misfit(verb, value)
    case 'g':
      if (isNumber(value))
        return signed(
          precision === undefined
            ? numberText(value)
            : String(Number(Number(value).toPrecision(Math.max(1, precision)))),
        )
      throw misfit(verb, value)
    default:
      throw new TemplateFault(`printf does not know %${verb}`, 'known are %s %v %q %d %f %e %g %t %x %X %%')
  }
}

const cut = (value: string, precision: number | undefined): string =>
  precision === undefined ? value : [...value].slice(0, precision).join('')

const hexOf = (value: unknown): string => {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('hex')
  if (isNumber(value) && Number.isInteger(Number(value))) return BigInt(value).toString(16)
  throw misfit('x', value)
}

// `toFixed` switches to an exponent at 1e21.
const fixed = (value: number, digits: number): string =>
  Math.abs(value) < 1e21
    ? value.toFixed(digits)
    : `${BigInt(value)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`

// Go writes at least two digits of exponent.
const exponent = (value: number, digits: number): string =>
  value.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2')

const misfit = (verb: string, value: unknown): TemplateFault =>
  new TemplateFault(`printf: %${verb} cannot print ${nameOfType(value)}`)

const pad = (written: string, width: number, flags: string, value: unknown): string => {
  const missing = width - [...written].length
  if (missing <= 0) return written
  if (flags.includes('-')) return written + ' '.repeat(missing)
  if (!flags.includes('0') || !isNumber(value)) return ' '.repeat(missing) + written
  const sign = /^[+-]/.exec(written)?.[0] ?? ''
  return sign + '0'.repeat(missing) + written.slice(sign.length)
}
