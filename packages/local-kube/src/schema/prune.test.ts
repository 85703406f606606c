import { expect, test } from 'vitest'
import { prune } from './prune.ts'

const item = { type: 'object', properties: { a: { type: 'string' } } }
const schema = {
  type: 'object',
  properties: { kept: item, list: { type: 'array', items: item } },
}

test('what nothing is dropped from is the value itself, and the value is never changed', () => {
  const value = { kept: { a: 'x' }, list: [{ a: 'x' }, { a: 'y' }] }
  expect(prune({ schema, value }).value).toBe(value)

  const faulty = { kept: { a: 'x' }, list: [{ a: 'x' }, { b: 1, a: 'y', c: 2 }, { a: 'z' }], gone: 1 }
  const before = structuredClone(faulty)
  const pruned = prune({ schema, value: faulty })
  expect(pruned).toEqual({
    value: { kept: { a: 'x' }, list: [{ a: 'x' }, { a: 'y' }, { a: 'z' }] },
    unknownFields: ['list[1].b', 'list[1].c', 'gone'],
  })
  expect((pruned.value as typeof faulty).kept).toBe(faulty.kept)
  expect(faulty).toEqual(before)
})
