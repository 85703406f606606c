/** Definitions with more of everything than a schema has, and objects that make them work. */
import { custom, define, fields, group, many } from './hostile-request.ts'
import type { HostileRequest } from './hostile-request.ts'

const text = { type: 'string' }
const spec = (properties: object): object => ({ type: 'object', properties })
const list = (items: object): object => spec({ l: { type: 'array', items } })
const nested = (levels: number): object =>
  levels === 0 ? text : { type: 'object', properties: { a: nested(levels - 1) } }

export const schemas: readonly HostileRequest[] = [
  {
    name: 'a schema that is itself',
    ...define('selves', () => ({ $ref: '#/properties/spec' })),
    status: 422,
  },
  { name: '9,000 properties', ...define('props', () => spec(fields(9_000, 'p', () => text))), status: 201 },
  { name: 'OpenAPI of them', method: 'GET', path: `/openapi/v3/apis/${group}/v1`, status: 200 },
  { name: 'the index of OpenAPI', method: 'GET', path: '/openapi/v3', status: 200 },
  { name: '9,000 numbers for texts', ...custom('props', () => fields(9_000, 'p', () => 1)), status: 422 },
  { name: '14,000 unknown fields', ...custom('props', () => fields(14_000, 'q', () => 1)), status: 201 },
  { name: 'a schema of 120 levels', ...define('deep', () => nested(120)), status: 201 },
  {
    name: '12,000 allowed values',
    ...define('enums', () => list({ type: 'string', enum: many(12_000, (index) => `v${index}`) })),
    status: 201,
  },
  {
    name: '14,000 other values',
    ...custom('enums', () => ({ l: many(14_000, (index) => `zz${index}`) })),
    status: 422,
  },
  {
    name: 'a set and a map by key',
    ...define('sets', () =>
      spec({
        set: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
        map: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['a'],
          items: { type: 'object', required: ['a'], properties: { a: text, b: text } },
        },
      }),
    ),
    status: 201,
  },
  {
    name: 'a set of 14,000',
    ...custom('sets', () => ({ set: many(14_000, (index) => `zz${index}`) })),
    status: 201,
  },
  {
    name: 'a map of 7,000',
    ...custom('sets', () => ({ map: many(7_000, (index) => ({ a: `z${index}` })) })),
    status: 201,
  },
  {
    name: 'a key 7,000 times in a map',
    ...custom('sets', () => ({ map: many(7_000, () => ({ a: 'z' })) })),
    status: 422,
  },
  {
    name: '50 defaults for an item',
    ...define('defaults', () =>
      list(spec(fields(50, 'd', () => ({ type: 'string', default: 'x'.repeat(50) })))),
    ),
    status: 201,
  },
  { name: '10,000 such items', ...custom('defaults', () => ({ l: many(10_000, () => ({})) })), status: 413 },
  {
    name: '8,000 defaults for an item',
    ...define('bigdefaults', () => list(spec(fields(8_000, 'd', () => ({ type: 'string', default: 'x' }))))),
    status: 201,
  },
  { name: '14,000 of those', ...custom('bigdefaults', () => ({ l: many(14_000, () => ({})) })), status: 413 },
  {
    name: 'an open object',
    ...define('open', () => ({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true })),
    status: 201,
  },
  {
    name: '100 levels of 250 texts',
    ...custom('open', () =>
      many(100, (level) => fields(250, `f${level}x`, () => 'v') as object).reduce(
        (below, level) => ({ ...level, below }),
        {},
      ),
    ),
    status: 201,
  },
]
