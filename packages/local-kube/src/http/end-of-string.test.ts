import { expect, test } from 'vitest'
import { endOfString } from './end-of-string.ts'

test.each([
  { text: '"abc":1', end: 4 },
  { text: '""', end: 1 },
  { text: String.raw`"a\"b"`, end: 5 },
  { text: String.raw`"a\\"b"`, end: 4 },
  { text: String.raw`"\\\"\\"`, end: 7 },
  { text: '"never', end: 6 },
  { text: String.raw`"never\"`, end: 8 },
])('the string at the beginning of $text ends at $end', ({ text, end }) => {
  expect(endOfString(text, 1)).toBe(end)
})
