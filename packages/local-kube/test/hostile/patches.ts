/** Patches that ask for much work on a small object. */
import { configMap, configMaps, fields, many } from './hostile-request.ts'
import type { HostileRequest } from './hostile-request.ts'

const path = `${configMaps}/patched`
const operations = { method: 'PATCH', path, type: 'application/json-patch+json' } as const

export const patches: readonly HostileRequest[] = [
  { name: 'what is patched', path: configMaps, body: () => configMap('patched', { a: 'b' }), status: 201 },
  {
    name: '10,000 tests',
    ...operations,
    body: () => JSON.stringify(many(10_000, () => ({ op: 'test', path: '/data/a', value: 'b' }))),
    status: 200,
  },
  {
    name: 'paths of 250,000 steps',
    ...operations,
    body: () => JSON.stringify(many(5, () => ({ op: 'add', path: '/a'.repeat(250_000), value: 'b' }))),
    status: 422,
  },
  {
    name: '30 copies of copies',
    ...operations,
    body: () => JSON.stringify(many(30, (index) => ({ op: 'copy', from: '/data', path: `/data/c${index}` }))),
    status: 413,
  },
  {
    name: '14,000 entries merged',
    method: 'PATCH',
    path,
    type: 'application/merge-patch+json',
    body: () => JSON.stringify({ data: fields(14_000, 'q', () => 'x') }),
    status: 200,
  },
  {
    name: 'a patch of an unknown type',
    method: 'PATCH',
    path,
    type: 'text/html',
    body: () => '{}',
    status: 415,
  },
]
