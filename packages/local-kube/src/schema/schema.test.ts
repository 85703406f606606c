import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../json.ts'
import { validateObject } from './index.ts'

const messages = (spec: JsonObject, schema: JsonObject, old?: JsonObject): string[] => {
  const root = { type: 'object', properties: { spec: schema } }
  const oldObject = old === undefined ? undefined : { spec: old }
  return validateObject({
    schema: root,
    object: { apiVersion: 'a/v1', kind: 'A', metadata: { name: 'a' }, spec },
    oldObject,
  }).errors.map(({ path, message }) => `${path}: ${message}`)
}

describe('a structural schema', () => {
  test('prunes what it does not know, keeps what it is told to keep, and says which fields went', () => {
    const schema = {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            free: {
              type: 'object',
              'x-kubernetes-preserve-unknown-fields': true,
              properties: { closed: { type: 'object', properties: { a: { type: 'string' } } } },
            },
            labels: { type: 'object', additionalProperties: { type: 'string' } },
            list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
          },
        },
      },
    }
    const object = {
      apiVersion: 'a/v1',
      kind: 'A',
      metadata: { name: 'a' },
      spec: {
        free: { any: 1, closed: { a: 'x', b: 1 } },
        labels: { k: 'v' },
        list: [{ a: 'x', c: 1 }],
        other: 1,
      },
      extra: {},
    }
    const result = validateObject({ schema, object })
    expect(result.unknownFields.toSorted()).toEqual([
      'extra',
      'spec.free.closed.b',
      'spec.list[0].c',
      'spec.other',
    ])
    expect(result.object['spec']).toEqual({
      free: { any: 1, closed: { a: 'x' } },
      labels: { k: 'v' },
      list: [{ a: 'x' }],
    })
    expect(validateObject({ schema, object, strict: true }).errors).toHaveLength(4)
  })

  test('fills defaults, also below defaults and for a null that may not be', () => {
    const schema = {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          default: {},
          properties: {
            n: { type: 'integer', default: 3 },
            deep: { type: 'object', default: {}, properties: { s: { type: 'string', default: 'x' } } },
          },
        },
      },
    }
    expect(validateObject({ schema, object: {} }).object).toEqual({ spec: { n: 3, deep: { s: 'x' } } })
    expect(validateObject({ schema, object: { spec: { n: null } } }).object).toEqual({
      spec: { n: 3, deep: { s: 'x' } },
    })
  })

  test.each<[string, JsonObject, JsonObject, string]>([
    [
      'a type',
      { a: 1 },
      { a: { type: 'string' } },
      'spec.a: Invalid value: "integer": spec.a in body must be of type string: "integer"',
    ],
    [
      'a length',
      { a: '' },
      { a: { type: 'string', minLength: 1 } },
      'spec.a: Invalid value: "": spec.a in body should be at least 1 chars long',
    ],
    [
      'too many items',
      { a: [1, 2] },
      { a: { type: 'array', maxItems: 1, items: { type: 'integer' } } },
      'spec.a: Too many: 2: must have at most 1 items',
    ],
    [
      'a format',
      { a: 'x' },
      { a: { type: 'string', format: 'date-time' } },
      'spec.a: Invalid value: "x": spec.a in body must be of type date-time: "x"',
    ],
    [
      'an int-or-string',
      { a: true },
      { a: { 'x-kubernetes-int-or-string': true } },
      'spec.a: Invalid value: "boolean": spec.a in body must be of type integer,string: "boolean"',
    ],
    [
      'a map value',
      { a: { k: 1 } },
      { a: { type: 'object', additionalProperties: { type: 'string' } } },
      'spec.a.k: Invalid value: "integer": spec.a.k in body must be of type string: "integer"',
    ],
  ])('names %s in the words of Kubernetes', (_, spec, properties, message) => {
    expect(messages(spec, { type: 'object', properties })).toEqual([message])
  })
})

describe('validation rules', () => {
  const holds = (rule: string, spec: JsonObject, properties: JsonObject): boolean =>
    messages(spec, { type: 'object', properties, 'x-kubernetes-validations': [{ rule, message: 'no' }] })
      .length === 0

  const integer = { type: 'integer' }
  const string = { type: 'string' }
  const strings = { type: 'array', items: string }
  test.each<[string, JsonObject, JsonObject, boolean]>([
    ['self.a + 1 > 1', { a: 1 }, { a: integer }, true],
    ['self.a / 2 == 1', { a: 3 }, { a: integer }, true],
    ['self.a < 2.5', { a: 2.25 }, { a: { type: 'number' } }, true],
    ['has(self.a) != has(self.b)', { a: 1 }, { a: integer, b: integer }, true],
    ['!(has(self.a) && has(self.b))', { a: 1, b: 1 }, { a: integer, b: integer }, false],
    ["self.s.matches('^(a+)+$')", { s: `${'a'.repeat(60)}!` }, { s: string }, false],
    ["self.s.matches('(?i)^ABC$')", { s: 'abc' }, { s: string }, true],
    ["self.s != 'x.matches(y)'", { s: 'abc' }, { s: string }, true],
    ["self.l.all(x, x.startsWith('a'))", { l: ['ab', 'ac'] }, { l: strings }, true],
    ["self.l.exists_one(x, x == 'ab')", { l: ['ab', 'ac'] }, { l: strings }, true],
    ['self.l.isSorted()', { l: ['b', 'a'] }, { l: strings }, false],
    ['size(self.l) == 2', { l: ['b', 'a'] }, { l: strings }, true],
    ["self.s.find('[0-9]+') == '12'", { s: 'ab12c' }, { s: string }, true],
    ["self.s.replace('a', 'b') == 'bb'", { s: 'ab' }, { s: string }, true],
    [
      "isURL(self.s) && url(self.s).getScheme() == 'https'",
      { s: 'https://example.com/x' },
      { s: string },
      true,
    ],
    ["quantity(self.s).isLessThan(quantity('2Gi'))", { s: '512Mi' }, { s: string }, true],
    ["duration('1h') > duration('30m')", {}, {}, true],
    ["self.d == duration('90s')", { d: '1m30s' }, { d: { type: 'string', format: 'duration' } }, true],
    [
      "self.m.all(k, self.m[k] != '')",
      { m: { a: 'x' } },
      { m: { type: 'object', additionalProperties: string } },
      true,
    ],
    ['self.?a.orValue(5) == 5', {}, { a: integer }, true],
    ['self.__namespace__ == "n"', { namespace: 'n' }, { namespace: string }, true],
    ['!has(self.a)', { a: null }, { a: { type: 'integer', nullable: true } }, true],
  ])('%s', (rule, spec, properties, expected) => {
    expect(holds(rule, spec, properties)).toBe(expected)
  })

  test('transition rules wait for an old value, and follow list maps by key', () => {
    const item = {
      type: 'object',
      properties: {
        name: string,
        v: { ...integer, 'x-kubernetes-validations': [{ rule: 'self >= oldSelf', message: 'only up' }] },
      },
    }
    const schema = {
      type: 'object',
      properties: {
        l: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: item,
        },
      },
    }
    expect(messages({ l: [{ name: 'a', v: 1 }] }, schema)).toEqual([])
    expect(
      messages(
        {
          l: [
            { name: 'b', v: 1 },
            { name: 'a', v: 1 },
          ],
        },
        schema,
        {
          l: [
            { name: 'a', v: 2 },
            { name: 'b', v: 0 },
          ],
        },
      ),
    ).toEqual(['spec.l[1].v: Invalid value: "integer": only up'])
  })

  test('a rule that cannot be evaluated is a refusal, not a pass', () => {
    expect(holds('self.nothere == 1', { a: 1 }, { a: integer })).toBe(false)
  })
})

test('an update is not refused for what was wrong already and stays so', () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'string', maxLength: 1 }, b: { type: 'string' } },
  }
  expect(messages({ a: 'long', b: 'new' }, schema, { a: 'long', b: 'old' })).toEqual([])
  expect(messages({ a: 'longer' }, schema, { a: 'long' })).toHaveLength(1)
})
