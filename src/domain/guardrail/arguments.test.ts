import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_ARGUMENT_BYTES, MAX_ARGUMENT_DEPTH, parseArguments } from './arguments.ts'

test.each([
  ['{"a":1', 'not JSON'],
  ['[1]', 'not an object'],
  ['null', 'not an object'],
  ['"text"', 'not an object'],
  ['{"a":NaN}', 'NaN is not JSON'],
  ['{"a":1e999}', 'infinite'],
  ['{"a":1,"a":2}', 'duplicate key'],
  ['{"a":1,"\\u0061":2}', 'duplicate key in disguise'],
  ['{"x":{"b":[{"c":1,"c":2}]}}', 'duplicate key further down'],
  ['{"__proto__":{"polluted":true}}', 'prototype'],
  ['{"x":[{"\\u005f_proto__":1}]}', 'prototype in disguise'],
  [`{"a":"${'x'.repeat(MAX_ARGUMENT_BYTES)}"}`, 'too large'],
  [`{"a":${'['.repeat(MAX_ARGUMENT_DEPTH)}${']'.repeat(MAX_ARGUMENT_DEPTH)}}`, 'too deep'],
  [`{"a":${'['.repeat(100_000)}`, 'far too deep'],
])('F24 %# is refused', (text) => {
  expect(parseArguments(text).type).toBe('malformed')
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

test('no text at all means no arguments', () => {
  expect(parseArguments('')).toEqual({ type: 'parsed', value: {} })
  expect(parseArguments(' \n')).toEqual({ type: 'parsed', value: {} })
})

test('the same key in different objects, and keys that look like text, are fine', () => {
  const text = '{"a":{"k":1},"b":[{"k":1},{"k":2}],"c":"\\"k\\":1,\\"k\\":2","k":": "}'
  expect(parseArguments(text)).toEqual({ type: 'parsed', value: JSON.parse(text) })
})

test('every plain object comes through as it is', () => {
  const clean = fc.dictionary(
    fc.string().filter((key) => key !== '__proto__'),
    fc.jsonValue({ maxDepth: 4 }),
  )
  fc.assert(
    fc.property(clean, (value) => {
      const text = JSON.stringify(value)
      fc.pre(!text.includes('__proto__'))
      expect(parseArguments(text)).toEqual({ type: 'parsed', value: JSON.parse(text) })
    }),
  )
})
