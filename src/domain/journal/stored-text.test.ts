import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HEAD_BYTES } from './record.ts'
import { headOf, isWhole, storeText } from './stored-text.ts'

const bytes = (text: string): number => Buffer.byteLength(text)

describe('stored text', () => {
  it('a short text is its own head', () => {
    const text = 'postgres-primary:5432 – connection refused'
    expect(storeText(text)).toMatchObject({ head: text, bytes: bytes(text) })
    expect(isWhole(storeText(text))).toBe(true)
  })

  it('equal texts have one hash, known to others', () => {
    expect(storeText('abc').sha256).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it('a text of exactly the limit is whole, one byte more is not', () => {
    expect(storeText('x'.repeat(HEAD_BYTES)).head).toHaveLength(HEAD_BYTES)
    const longer = storeText('x'.repeat(HEAD_BYTES + 1))
    expect(longer.head).toHaveLength(HEAD_BYTES)
    expect(isWhole(longer)).toBe(false)
  })

  it.each([
    { text: 'ab€', limit: 4, head: 'ab', reason: 'three bytes do not fit in two' },
    { text: 'ab😀', limit: 5, head: 'ab', reason: 'no half of a surrogate pair' },
    { text: 'abe\u0301', limit: 3, head: 'ab', reason: 'a letter keeps its accent (F93)' },
    { text: 'ab👩‍🚒', limit: 10, head: 'ab', reason: 'an emoji of several parts is one character (F93)' },
    { text: 'abc', limit: 0, head: '', reason: 'nothing fits in nothing' },
  ])('F93 a head ends on a character: $reason', ({ text, limit, head }) => {
    expect(headOf(text, limit)).toBe(head)
  })

  it('F93 for all texts a head is a beginning that fits, and a fitting text is left alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.nat(300), (text, limit) => {
        const head = headOf(text, limit)
        expect(text.startsWith(head)).toBe(true)
        expect(bytes(head)).toBeLessThanOrEqual(limit)
        expect(bytes(text) > limit || head === text).toBe(true)
      }),
    )
  })

  it('F93 a combining bomb is cut, not copied whole', () => {
    expect(bytes(headOf(`a${'\u0301'.repeat(10_000)}`, 100))).toBeLessThanOrEqual(100)
    expect(headOf(`a${'\u0301'.repeat(10_000)}`, 1000)).not.toBe('')
  })
})
