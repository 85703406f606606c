import { expect, test } from 'vitest'
import { inputFault, type InputSchema } from './input-schema.ts'

test.each<[string, InputSchema, Record<string, unknown>, RegExp | undefined]>([
  ['fits', { type: 'object', properties: { a: { type: 'string' } } }, { a: 'x' }, undefined],
  ['missing', { type: 'object', required: ['a'] }, {}, /required property 'a'/],
  ['extra', { type: 'object', additionalProperties: false }, { b: 1 }, /"b"/],
  ['enum', { properties: { a: { enum: ['x', 'y'] } } }, { a: 'z' }, /x, y/],
  [
    'draft-07',
    {
      $schema: 'http://json-schema.org/draft-07/schema#',
      definitions: { s: { type: 'string' } },
      properties: { a: { $ref: '#/definitions/s' } },
    },
    { a: 1 },
    /string/,
  ],
  [
    'draft 2020-12',
    {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $defs: { s: { type: 'string' } },
      properties: { a: { $ref: '#/$defs/s' } },
    },
    { a: 1 },
    /string/,
  ],
  [
    'unknown words are tolerated',
    { type: 'object', 'x-order': 1, properties: { a: { type: 'string', format: 'made-up' } } },
    { a: 'x' },
    undefined,
  ],
  [
    'F50 a reference to the network',
    { properties: { a: { $ref: 'http://169.254.169.254/latest' } } },
    { a: 1 },
    /outside itself/,
  ],
  ['F50 a reference to a file', { properties: { a: { $ref: 'file:///etc/passwd' } } }, {}, /outside itself/],
  ['F50 a schema that refers to nothing', { properties: { a: { $ref: '#/nowhere' } } }, {}, /cannot be used/],
  [
    'a pattern outside RE2 is left to the server',
    { properties: { a: { pattern: '^(?=a)' } } },
    { a: 'b' },
    undefined,
  ],
  ['a pattern inside RE2 counts', { properties: { a: { pattern: '^a+$' } } }, { a: 'b' }, /pattern/],
])('%s', (_, schema, args, fault) => {
  expect(inputFault(schema, args) ?? 'fits').toMatch(fault ?? /^fits$/)
})

test('F50 a schema nested without end is refused, not walked', () => {
  let schema: Record<string, unknown> = { type: 'string' }
  for (let depth = 0; depth < 5000; depth++) schema = { properties: { a: schema } }
  expect(inputFault(schema, {})).toMatch(/deeper/)
})

test('F50 a huge schema is refused', () => {
  expect(inputFault({ enum: Array.from({ length: 50_000 }, (_, index) => `value ${index}`) }, {})).toMatch(
    /larger/,
  )
})

test('F50 F94 a pattern that would backtrack for ever is linear', () => {
  const schema = { properties: { a: { pattern: '^(a+)+$' } } }
  expect(inputFault(schema, { a: `${'a'.repeat(50_000)}!` })).toMatch(/pattern/)
})

test('two servers with the same $id keep their own schemas', () => {
  const strict = { $id: 'https://example.com/tool', type: 'object', required: ['a'] }
  const lax = { $id: 'https://example.com/tool', type: 'object' }
  expect(inputFault(lax, {})).toBeUndefined()
  expect(inputFault(strict, {})).toMatch(/required/)
})
