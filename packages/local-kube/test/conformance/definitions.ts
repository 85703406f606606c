/** CustomResourceDefinitions: what is accepted, what is refused, and a second kind whose schema uses the rest of it. */
import { TABLE, merge } from './row.ts'
import type { Row } from './row.ts'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const gadgets = '/apis/gadgets.example.com/v1/namespaces/{ns}/gadgets'

interface Definition {
  readonly spec: object
}

const definitionOf = ({
  plural = 'gadgets',
  kind = 'Gadget',
  schema,
  version = {},
  spec = {},
}: {
  readonly plural?: string
  readonly kind?: string
  readonly schema: unknown
  readonly version?: object
  readonly spec?: object
}): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.gadgets.example.com` },
  spec: {
    group: 'gadgets.example.com',
    scope: 'Namespaced',
    names: { plural, kind },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version }],
    ...spec,
  },
})

const refused = (name: string, definition: object, has?: unknown): Row => ({
  name,
  method: 'POST',
  path: `${definitions}?dryRun=All`,
  body: definition,
  status: 422,
  has,
})

const withSpec = (properties: object, more: object = {}): object => ({
  type: 'object',
  properties: { spec: { type: 'object', properties, ...more } },
})

const gadget = (name: string, spec: object): object => ({
  apiVersion: 'gadgets.example.com/v1',
  kind: 'Gadget',
  metadata: { name },
  spec,
})
const accepted = (name: string, spec: object, has: unknown = {}): Row => ({
  name,
  method: 'POST',
  path: `${gadgets}?dryRun=All`,
  body: gadget('g', spec),
  status: 201,
  has: { spec: has },
})
const invalid = (name: string, spec: object, has?: unknown): Row => ({
  name,
  method: 'POST',
  path: gadgets,
  body: gadget('g', spec),
  status: 422,
  has,
})

const ignoreConditions = ({ spec }: Definition): unknown => spec

export const definitionRows: readonly Row[] = [
  refused('a schema without types is not structural', definitionOf({ schema: { properties: { spec: {} } } })),
  refused('a property without a type is refused', definitionOf({ schema: withSpec({ a: {} }) })),
  refused('a definition is named for its plural and group', {
    ...definitionOf({ schema: { type: 'object' } }),
    metadata: { name: 'other.gadgets.example.com' },
  }),
  refused(
    'a definition needs a version to store',
    definitionOf({ schema: { type: 'object' }, version: { storage: false } }),
  ),
  refused('a version needs a schema', definitionOf({ schema: undefined })),
  refused(
    'a rule that is no expression is refused',
    definitionOf({ schema: withSpec({}, { 'x-kubernetes-validations': [{ rule: 'self.' }] }) }),
  ),
  refused(
    'a rule about a field that is not there is refused',
    definitionOf({
      schema: withSpec({ a: { type: 'string' } }, { 'x-kubernetes-validations': [{ rule: 'self.b == 1' }] }),
    }),
  ),
  refused(
    'a rule that answers no boolean is refused',
    definitionOf({
      schema: withSpec({ a: { type: 'string' } }, { 'x-kubernetes-validations': [{ rule: 'self.a' }] }),
    }),
  ),
  refused(
    'a default must satisfy its schema',
    definitionOf({ schema: withSpec({ a: { type: 'string', default: 5 } }) }),
  ),
  refused(
    'keys of a list map are fields',
    definitionOf({
      schema: withSpec({
        a: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: { type: 'object', properties: {} },
        },
      }),
    }),
  ),
  refused(
    'an unknown scope is refused',
    definitionOf({ schema: { type: 'object' }, spec: { scope: 'Everywhere' } }),
  ),
  refused(
    'a pattern that is no expression is refused',
    definitionOf({ schema: withSpec({ a: { type: 'string', pattern: '(' } }) }),
  ),
  {
    name: 'a definition of much is accepted',
    method: 'POST',
    path: definitions,
    body: definitionOf({
      version: {
        additionalPrinterColumns: [
          { name: 'Any', type: 'string', jsonPath: '.spec.any' },
          { name: 'Number', type: 'integer', jsonPath: '.spec.number', priority: 1 },
          { name: 'When', type: 'date', jsonPath: '.spec.when' },
          { name: 'First', type: 'string', jsonPath: '.spec.set[0]' },
        ],
        selectableFields: [{ jsonPath: '.spec.text' }],
        subresources: {},
      },
      spec: { names: { plural: 'gadgets', kind: 'Gadget', categories: ['toys'] } },
      schema: withSpec(
        {
          any: { 'x-kubernetes-int-or-string': true },
          number: {
            type: 'integer',
            format: 'int32',
            minimum: 1,
            exclusiveMinimum: true,
            maximum: 100,
            multipleOf: 5,
          },
          fraction: { type: 'number' },
          text: { type: 'string', minLength: 2, maxLength: 5 },
          when: { type: 'string', format: 'date-time' },
          span: { type: 'string', format: 'duration' },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          map: { type: 'object', maxProperties: 2, additionalProperties: { type: 'string', minLength: 1 } },
          set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
          few: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'integer' } },
          maybe: { type: 'string', nullable: true },
          filled: {
            type: 'object',
            default: {},
            properties: { a: { type: 'string', default: 'x' }, b: { type: 'boolean', default: true } },
          },
          embedded: {
            type: 'object',
            'x-kubernetes-embedded-resource': true,
            'x-kubernetes-preserve-unknown-fields': true,
          },
          either: {
            type: 'object',
            properties: { a: { type: 'string' }, b: { type: 'string' } },
            oneOf: [{ required: ['a'] }, { required: ['b'] }],
          },
          once: {
            type: 'string',
            'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'once is for good' }],
          },
          names: { type: 'array', maxItems: 5, items: { type: 'string', maxLength: 20 } },
          quota: { type: 'string', maxLength: 20 },
        },
        {
          'x-kubernetes-validations': [
            {
              rule: "!has(self.names) || self.names.all(n, n.matches('^[a-z]+$'))",
              message: 'names are small',
            },
            {
              rule: '!has(self.names) || !has(self.text) || self.text in self.names',
              messageExpression: "'text ' + self.text + ' is not a name'",
              reason: 'FieldValueForbidden',
              fieldPath: '.text',
            },
            { rule: '!has(self.quota) || isQuantity(self.quota)', message: 'quota is a quantity' },
            {
              rule: '!has(self.when) || self.when > timestamp("2000-01-01T00:00:00Z")',
              message: 'when is of this century',
            },
            { rule: '!has(self.span) || self.span < duration("1h")', message: 'span is short' },
          ],
        },
      ),
    }),
    status: 201,
    compare: ignoreConditions,
  },
  {
    name: 'and established',
    method: 'GET',
    path: `${definitions}/gadgets.gadgets.example.com`,
    status: 200,
    has: {
      status: {
        conditions: (conditions: readonly { readonly type: string; readonly status: string }[]) =>
          conditions.some(({ type, status }) => type === 'Established' && status === 'True'),
      },
    },
    compare: ({ status, spec }: { readonly status: unknown; readonly spec: unknown }) => ({ status, spec }),
    eventually: true,
  },
  {
    name: 'and served',
    method: 'GET',
    path: gadgets,
    status: 200,
    has: { kind: 'GadgetList', items: [] },
    eventually: true,
  },
  accepted('an int or a string is either', { any: 5 }, { any: 5 }),
  accepted('or the other', { any: '50%' }, { any: '50%' }),
  invalid('but nothing else', { any: true }),
  accepted('defaults fill defaults', {}, { filled: { a: 'x', b: true } }),
  accepted('null is dropped where a default is', { filled: { a: null } }, { filled: { a: 'x' } }),
  accepted('null stays where it may be', { maybe: null }, { maybe: null }),
  accepted(
    'null is dropped where it may not be',
    { fraction: null, number: null, text: null, few: null },
    { fraction: undefined, number: undefined },
  ),
  accepted(
    'free objects keep what they have',
    { free: { deep: { er: [1, { a: null }] } } },
    { free: { deep: { er: [1, {}] } } },
  ),
  invalid('numbers have bounds', { number: 1 }),
  invalid('and steps', { number: 7 }),
  invalid('an integer has no fraction', { few: [1.5] }),
  accepted('a number may', { fraction: 1.5 }, { fraction: 1.5 }),
  invalid('texts have lengths', { text: 'a' }),
  invalid('upwards too', { text: 'abcdef' }),
  invalid('times are times', { when: 'yesterday' }),
  invalid('spans are spans', { span: 'long' }),
  accepted('and read as such', { when: '2026-01-01T00:00:00Z', span: '5m' }),
  invalid('rules read times', { when: '1999-01-01T00:00:00Z' }, { message: /when is of this century/ }),
  invalid('and spans', { span: '2h' }, { message: /span is short/ }),
  invalid('maps have a size', { map: { a: 'a', b: 'b', c: 'c' } }),
  invalid('and values of their kind', { map: { a: '', b: 5 } }),
  invalid('a set holds nothing twice', { set: ['a', 'b', 'a'] }),
  invalid('lists have lengths', { few: [] }),
  invalid('both ways', { few: [1, 2, 3] }),
  invalid('one of two', { either: {} }),
  invalid('not both', { either: { a: 'a', b: 'b' } }),
  invalid('an embedded resource has a kind', { embedded: { metadata: { name: 'x' } } }),
  accepted(
    'and keeps its fields',
    {
      embedded: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', bogus: 1 }, data: { a: 'b' } },
    },
    { embedded: { data: { a: 'b' } } },
  ),
  invalid('rules look at all elements', { names: ['ok', 'NOT'] }, { message: /names are small/ }),
  invalid(
    'a rule makes its own message',
    { names: ['ab'], text: 'abc' },
    { message: /spec\.text: Forbidden: text abc is not a name/ },
  ),
  invalid('a rule knows quantities', { quota: 'lots' }, { message: /quota is a quantity/ }),
  accepted('and accepts them', { quota: '10Gi' }),
  invalid('several faults are told together', { number: 7, text: 'a', set: ['a', 'a'] }),
  {
    name: 'a gadget',
    method: 'POST',
    path: gadgets,
    body: gadget('g', {
      any: '5',
      number: 10,
      text: 'abc',
      when: '2020-01-01T00:00:00Z',
      set: ['x', 'y'],
      once: 'a',
    }),
    status: 201,
  },
  {
    name: 'is selected by a field',
    method: 'GET',
    path: `${gadgets}?fieldSelector=spec.text%3Dabc`,
    status: 200,
    has: { items: [{}] },
  },
  { name: 'and only by those', method: 'GET', path: `${gadgets}?fieldSelector=spec.any%3D5`, status: 400 },
  {
    name: 'a gadget in a table',
    method: 'GET',
    path: gadgets,
    accept: TABLE,
    status: 200,
    has: { rows: [{ cells: ['g', '5', 10] }] },
  },
  {
    name: 'what has no status has none to write',
    method: 'PATCH',
    path: `${gadgets}/g/status`,
    type: merge,
    body: {},
    status: 404,
  },
  { name: 'nor a scale', method: 'GET', path: `${gadgets}/g/scale`, status: 404 },
  {
    name: 'what was once set stays',
    method: 'PATCH',
    path: `${gadgets}/g`,
    type: merge,
    body: { spec: { once: 'b' } },
    status: 422,
    has: { message: /once is for good/ },
  },
  {
    name: 'an update to what it is keeps the version',
    method: 'PATCH',
    path: `${gadgets}/g`,
    type: merge,
    body: { spec: { once: 'a' } },
    status: 200,
    has: { metadata: { generation: 1 } },
  },
  {
    name: 'a patch may bring no unknown field under Strict',
    method: 'PATCH',
    path: `${gadgets}/g?fieldValidation=Strict`,
    type: merge,
    body: { spec: { bogus: 1 } },
    status: 422,
    has: { message: /strict decoding error: unknown field "spec\.bogus"/ },
  },
  {
    name: 'the name of a definition is a name',
    method: 'GET',
    path: `${definitions}/none.gadgets.example.com`,
    status: 404,
  },
  {
    name: 'the scope of a definition stays',
    method: 'PATCH',
    path: `${definitions}/gadgets.gadgets.example.com`,
    type: merge,
    body: { spec: { scope: 'Cluster' } },
    status: 422,
    has: { message: /field is immutable/ },
  },
  {
    name: 'a definition goes',
    method: 'DELETE',
    path: `${definitions}/gadgets.gadgets.example.com`,
    status: 200,
    compare: ignoreConditions,
  },
  {
    name: 'and with it what it served',
    method: 'GET',
    path: gadgets,
    status: 404,
    eventually: true,
    compare: (body: string | object) => typeof body,
  },
  {
    name: 'and then itself',
    method: 'GET',
    path: `${definitions}/gadgets.gadgets.example.com`,
    status: 404,
    eventually: true,
  },
]
