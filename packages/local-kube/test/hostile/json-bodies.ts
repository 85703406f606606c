/** Bodies of JSON: long, deep, wide, and none at all. */
import { configMap, configMaps, fields, many } from './hostile-request.ts'
import type { HostileRequest } from './hostile-request.ts'

const kept = (name: string, more: string): string =>
  `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},${more}}`
const withMetadata = (name: string, metadata: () => object): Pick<HostileRequest, 'path' | 'body'> => ({
  path: configMaps,
  body: () => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata() } }),
})

export const jsonBodies: readonly HostileRequest[] = [
  {
    name: 'more than 3 MB',
    path: configMaps,
    body: () => configMap('l', { a: 'x'.repeat(4_000_000) }),
    status: 413,
  },
  {
    name: 'a text of 3 MB',
    path: configMaps,
    body: () => configMap('l', { a: 'x'.repeat(3_100_000) }),
    status: 413,
  },
  {
    name: 'a text of 1 MB',
    path: configMaps,
    body: () => configMap('long', { a: 'x'.repeat(1_000_000) }),
    status: 201,
  },
  {
    name: '700,000 escapes',
    path: configMaps,
    body: () => configMap('esc', { a: '\\'.repeat(700_000) }),
    status: 201,
  },
  {
    name: '500,000 escapes of Unicode',
    path: configMaps,
    body: () => kept('unicode', `"data":{"a":"${'\\u00e9'.repeat(500_000)}"}`),
    status: 201,
  },
  { name: '3 MB of spaces', path: configMaps, body: () => `{${' '.repeat(3_000_000)}}`, status: 422 },
  { name: '29,000 numbers', path: configMaps, body: () => `{"a":[${'1,'.repeat(29_000)}1]}`, status: 422 },
  {
    name: 'a number of 3 million digits',
    path: configMaps,
    body: () => `{"a":${'1'.repeat(3_000_000)}}`,
    status: 422,
  },
  {
    name: 'two keys of 1.4 MB',
    path: configMaps,
    body: () => kept('keys', `"data":{"${'k'.repeat(1_400_000)}":"x","${'k'.repeat(1_400_000)}":"y"}`),
    status: 413,
  },
  {
    name: 'a key 29,000 times',
    path: configMaps,
    body: () => kept('again', `"data":{${many(29_000, (index) => `"k":"${index}"`).join(',')}}`),
    status: 201,
  },
  {
    name: '14,000 unknown fields, strictly',
    path: `${configMaps}?fieldValidation=Strict`,
    body: () => kept('unknown', many(14_000, (index) => `"k${index}":1`).join(',')),
    status: 400,
  },
  {
    name: '499 levels around 25,000 numbers',
    path: configMaps,
    body: () =>
      kept('deep', `"x":${'{"a":['.repeat(240)}${many(25_000, String).join(',')}${']}'.repeat(240)}`),
    status: 201,
  },
  {
    name: '100,000 levels',
    path: configMaps,
    body: () => '['.repeat(100_000) + ']'.repeat(100_000),
    status: 400,
  },
  {
    name: '50,000 values',
    path: configMaps,
    body: () =>
      configMap(
        'values',
        fields(50_000, 'k', () => ''),
      ),
    status: 413,
  },
  {
    name: '14,500 entries',
    path: configMaps,
    body: () =>
      configMap(
        'entries',
        fields(14_500, 'k', () => 'v'),
      ),
    status: 201,
  },
  {
    name: '14,500 other entries instead',
    method: 'PUT',
    path: `${configMaps}/entries`,
    body: () =>
      configMap(
        'entries',
        fields(14_500, 'j', () => 'v'),
      ),
    status: 200,
  },
  {
    name: '14,000 labels',
    ...withMetadata('labels', () => ({ labels: fields(14_000, 'k', () => 'v') })),
    status: 201,
  },
  {
    name: '14,000 finalizers',
    ...withMetadata('finals', () => ({ finalizers: many(14_000, (index) => `example.com/f${index}`) })),
    status: 201,
  },
  {
    name: '4,000 owners',
    ...withMetadata('owned', () => ({
      ownerReferences: many(4_000, (index) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name: `n${index}`,
        uid: `u${index}`,
      })),
    })),
    status: 201,
  },
  {
    name: '3,000 managers',
    path: configMaps,
    body: () =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          name: 'managed',
          managedFields: many(3_000, (index) => ({
            manager: `m${index}`,
            operation: 'Update',
            apiVersion: 'v1',
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:data': { [`f:a${index}`]: {} } },
          })),
        },
        data: { a: 'b' },
      }),
    status: 201,
  },
  {
    name: 'the 3,000 managers applied over',
    method: 'PATCH',
    path: `${configMaps}/managed?fieldManager=q&force=true`,
    type: 'application/apply-patch+yaml',
    body: () => configMap('managed', { a: 'c', z: 'd' }),
    status: 200,
  },
  {
    name: 'bytes that are no UTF-8',
    path: configMaps,
    body: () => Buffer.concat([Buffer.from('{"kind":"'), Buffer.alloc(1_000_000, 0xff), Buffer.from('"}')]),
    status: 400,
  },
  { name: 'zeros', path: configMaps, body: () => Buffer.alloc(3_000_000), status: 400 },
  { name: 'no JSON', path: configMaps, body: () => 'nonsense'.repeat(300_000), status: 400 },
  { name: 'nothing', path: configMaps, body: () => '', status: 400 },
  {
    name: 'an unknown type',
    path: configMaps,
    type: 'text/html',
    body: () => configMap('typed', { a: 'x'.repeat(2_000_000) }),
    status: 415,
  },
  {
    name: 'a name of the prototype',
    path: configMaps,
    body: () => kept('proto', '"data":{"__proto__":"x","constructor":"y"}'),
    status: 201,
  },
  {
    name: '14,000 keys of the prototype',
    path: configMaps,
    body: () =>
      kept(
        'protos',
        `"data":{${many(14_000, (index) => `"__proto__${index}":"x"`).join(',')}},"__proto__":{"polluted":true}`,
      ),
    status: 201,
  },
  {
    name: '480 levels around 25,000 nulls',
    path: configMaps,
    body: () =>
      kept(
        'nulls',
        `"data":null,"x":${'{"a":['.repeat(240)}${many(25_000, () => 'null').join(',')}${']}'.repeat(240)}`,
      ),
    status: 201,
  },
]
