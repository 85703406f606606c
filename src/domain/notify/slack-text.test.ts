import { expect, test } from 'vitest'
import { plainText, slackText } from './slack-text.ts'

test.each([plainText, slackText])('F93 what would hide or turn text shows; emoji stay whole', (asText) => {
  expect(asText('abc\u202Efed\u200B\u0000\ud83d', 100)).toBe('abc\uFFFDfed\uFFFD\uFFFD\uFFFD')
  expect(asText('👩‍👩‍👧‍👦 ⚠️ été', 100)).toBe('👩‍👩‍👧‍👦 ⚠️ été')
})
