import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkedOutput, outputRulesOf } from './output-rules.ts'
import { isTyped } from './typed-output.ts'

const closed = (properties: object) => ({ type: 'object', properties, additionalProperties: false })

test.each([
  {
    reason: 'enums, numbers, flags and a short id',
    typed: true,
    schema: closed({
      cause: { enum: ['a', 'b'] },
      count: { type: 'integer' },
      sure: { type: 'boolean' },
      id: { type: 'string', maxLength: 32 },
    }),
  },
  {
    reason: 'a list of few enums',
    typed: true,
    schema: closed({ causes: { type: 'array', maxItems: 5, items: { enum: ['a'] } } }),
  },
  { reason: 'a text without a limit', typed: false, schema: closed({ cause: { type: 'string' } }) },
  {
    reason: 'a text that is long',
    typed: false,
    schema: closed({ cause: { type: 'string', maxLength: 2000 } }),
  },
  {
    reason: 'many short texts, which are long together',
    typed: false,
    schema: closed({ causes: { type: 'array', maxItems: 5, items: { type: 'string', maxLength: 60 } } }),
  },
  {
    reason: 'a list without an end',
    typed: false,
    schema: closed({ causes: { type: 'array', items: { type: 'string', maxLength: 1 } } }),
  },
  { reason: 'members nobody foresaw', typed: false, schema: { type: 'object', properties: {} } },
  {
    reason: 'members by pattern',
    typed: false,
    schema: { ...closed({}), patternProperties: { '^x': { enum: [1] } } },
  },
  { reason: 'a schema without a type', typed: false, schema: closed({ cause: {} }) },
  { reason: 'several types', typed: false, schema: closed({ cause: { type: ['string', 'null'] } }) },
  { reason: 'a reference', typed: false, schema: closed({ cause: { $ref: '#/$defs/x' } }) },
  {
    reason: 'an array of anything in front',
    typed: false,
    schema: { type: 'array', maxItems: 1, prefixItems: [{}], items: { enum: [1] } },
  },
])('$reason: typed is $typed', ({ schema, typed }) => {
  expect(isTyped(schema)).toBe(typed)
})

const leaf = fc.oneof(
  fc.constant({ type: 'integer' }),
  fc.constant({ enum: ['a', 'bb'] }),
  fc.integer({ min: 0, max: 200 }).map((maxLength) => ({ type: 'string', maxLength })),
  fc.constant({ type: 'string' }),
  fc.constant({}),
)
const node = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, leaf, tie('list'), tie('object')),
  list: fc.record({
    type: fc.constant('array'),
    items: tie('any'),
    maxItems: fc.integer({ min: 0, max: 3 }),
  }),
  object: fc.record({
    type: fc.constant('object'),
    properties: fc.dictionary(fc.constantFrom('a', 'b'), tie('any')),
    additionalProperties: fc.constantFrom(false, true),
  }),
})).any

test('what fits a typed schema holds less free text than the limit, whatever an attacker writes', () => {
  fc.assert(
    fc.property(
      node,
      fc.array(fc.jsonValue({ maxDepth: 3 }), { minLength: 20, maxLength: 20 }),
      (schema, values) => {
        if (!isTyped(schema as Record<string, unknown>)) return
        const rules = outputRulesOf({ outputSchema: JSON.stringify(schema) })
        for (const value of values) {
          const checked = checkedOutput(rules, JSON.stringify(value))
          if (checked.type === 'misfit') continue
          const words = JSON.stringify(value).match(/"(?:[^"\\]|\\.)*"(?!:)/g) ?? []
          const free = words.filter((word) => word !== '"a"' && word !== '"bb"')
          expect(
            free.reduce((sum, word) => sum + Array.from(JSON.parse(word) as string).length, 0),
          ).toBeLessThanOrEqual(128)
        }
      },
    ),
    { numRuns: 500 },
  )
})
