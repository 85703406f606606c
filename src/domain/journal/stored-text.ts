// Texts by hash: what a record holds of a text whose whole is in the store.

import { createHash } from 'node:crypto'
import { HEAD_BYTES } from './record.ts'
import type { StoredText } from './record.ts'

/** The reference to `text`. The hash is over its UTF-8 bytes, so lone surrogates hash as the store returns them. */
export const storeText = (text: string): StoredText => {
  const encoded = Buffer.from(text, 'utf8')
  return {
    sha256: createHash('sha256').update(encoded).digest('hex'),
    bytes: encoded.byteLength,
    head: headOf(text, HEAD_BYTES),
  }
}

/** True when `head` is all there is, so that nobody needs to ask the store. */
export const isWhole = ({ bytes }: { readonly bytes: number }): boolean => bytes <= HEAD_BYTES

/** Every text that a record refers to. */
export const storedTexts = (record: object): readonly StoredText[] =>
  Object.values(record).flatMap((value: unknown) => (isStoredText(value) ? [value] : []))

export const isStoredText = (value: unknown): value is StoredText =>
  typeof value === 'object' && value !== null && 'sha256' in value && 'bytes' in value && 'head' in value

/** The longest beginning of `text` of at most `bytes` UTF-8 bytes that splits no character. */
export const headOf = (text: string, bytes: number): string => {
  // A UTF-16 unit takes at most three bytes: short texts need no encoding.
  if (text.length * 3 <= bytes) return text
  // `encodeInto` stops before a character that does not fit.
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(Math.max(0, bytes)))
  return read === text.length ? text : text.slice(0, characterBoundary(text, read))
}

// A letter with its accents, or an emoji of several parts, is one character to the reader. Only a small window is
// looked at: a character that is longer than that is cut.
const WINDOW = 64
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const characterBoundary = (text: string, cut: number): number => {
  const from = Math.max(0, cut - WINDOW)
  const segment = graphemes.segment(text.slice(from, cut + WINDOW)).containing(cut - from)
  const boundary = from + (segment?.index ?? cut - from)
  return boundary > from ? boundary : cut
}
