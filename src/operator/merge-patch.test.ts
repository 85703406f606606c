import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergePatch } from './merge-patch.ts'

type Json = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A merge patch as a server applies it (RFC 7396). */
const apply = (base: unknown, patch: unknown): unknown => {
  if (!isObject(patch)) return patch
  const result: Record<string, unknown> = isObject(base) ? { ...base } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = apply(result[key], value)
  }
  return result
}

const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }))
const json: fc.Arbitrary<Json> = fc.letrec<{ object: Json }>((tie) => ({
  object: fc.dictionary(
    fc.constantFrom('a', 'b', 'c'),
    fc.oneof({ depthSize: 'small' }, leaf, tie('object')),
  ) as fc.Arbitrary<Json>,
})).object

test('applied by a server, the patch gives exactly the wanted object', () => {
  fc.assert(
    fc.property(json, json, (from, to) => {
      expect(apply(from, mergePatch(from, to))).toEqual(to)
    }),
  )
})

test('between equal objects there is nothing to write (K2)', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(mergePatch(value, structuredClone(value))).toEqual({})
    }),
  )
})

test('a field that is undefined counts as absent', () => {
  expect(mergePatch({ a: 1 }, { a: undefined, b: undefined })).toEqual({ a: null })
})
