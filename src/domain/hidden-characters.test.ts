import { expect, test } from 'vitest'
import { showHidden, visible, withoutControls } from './hidden-characters.ts'

test.each([
  { reason: 'colour', text: 'a\u001B[31;1mred\u001B[0m' },
  { reason: 'title of the window', text: 'a\u001B]0;owned\u0007red' },
  { reason: 'link', text: 'a\u001B]8;;https://evil.example\u001B\\red' },
  { reason: 'character set', text: 'a\u001B(Bred' },
  { reason: 'reset', text: 'a\u001Bcred' },
  { reason: 'lone escape', text: 'ared\u001B' },
  { reason: 'C0', text: '\u0000a\u0007r\u0008e\rd\u007F' },
  { reason: 'C1', text: 'a\u0085r\u009Bed' },
])('F43 control characters go, with what they begin: $reason', ({ text }) => {
  expect(withoutControls(text)).toBe('ared')
  expect(visible(text)).toBe('ared')
})

test.each([
  { reason: 'zero-width space', hidden: '\u200B' },
  { reason: 'joiners', hidden: '\u200C\u200D\u2060' },
  { reason: 'soft hyphen', hidden: '\u00AD' },
  { reason: 'marks of direction', hidden: '\u200E\u200F\u061C' },
  { reason: 'embeddings and overrides', hidden: '\u202A\u202E' },
  { reason: 'isolates', hidden: '\u2066\u2069' },
  { reason: 'byte order mark', hidden: '\uFEFF' },
  { reason: 'tags', hidden: '\u{E0001}\u{E0041}\u{E007F}' },
  { reason: 'variation selectors that can spell bytes', hidden: '\u{E0100}\u{E01EF}' },
  { reason: 'fillers', hidden: '\u115F\u3164\uFFA0' },
])('F48 what shows nothing is hidden: $reason', ({ hidden }) => {
  expect(visible(`a${hidden}b`)).toBe('ab')
  expect(showHidden(`a${hidden}b`, () => '?')).toBe(`a${'?'.repeat([...hidden].length)}b`)
  expect(withoutControls(`a${hidden}b`)).toBe(`a${hidden}b`)
})

test('what a person sees stays', () => {
  const text = 'größe\tà la carte\n⚠️ 日本語 مرحبا e\u0301 🎉 🏳️'
  expect(visible(text)).toBe(text)
  expect(withoutControls(text)).toBe(text)
  expect(showHidden(text, () => '?')).toBe(text)
})
