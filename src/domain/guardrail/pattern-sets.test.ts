import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesTool } from './glob.ts'
import { covers, overlap } from './pattern-sets.ts'

const segment = fc.stringMatching(/^[ab*]{0,4}$/)
const pattern = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(segment, segment).map(([server, tool]) => `${server}/${tool}`) },
  { weight: 1, arbitrary: fc.constant('*') },
)
// Long enough for any two of the patterns above to meet, with a letter that is in none of them.
const words = (() => {
  const all = ['']
  for (let from = 0, length = 1; length <= 4; length++) {
    const to = all.length
    for (; from < to; from++) for (const letter of 'abc') all.push(`${all[from]}${letter}`)
  }
  return all
})()
const matchesWord = (glob: string, word: string): boolean =>
  matchesTool(`x/${glob}`, { server: 'x', tool: word })

test('covering is what it is for every word', () => {
  fc.assert(
    fc.property(segment, segment, (outer, inner) => {
      // Patterns of three letters with a letter in none of them: words of four tell any two of them apart.
      fc.pre(outer.length < 4 && inner.length < 4)
      const every = words.filter((word) => matchesWord(inner, word)).every((word) => matchesWord(outer, word))
      expect(covers(`x/${outer}`, `x/${inner}`)).toBe(every)
    }),
  )
})

test('overlapping is having a word in common', () => {
  fc.assert(
    fc.property(segment, segment, (a, b) => {
      fc.pre(a.length + b.length <= 5)
      const common = words.some((word) => matchesWord(a, word) && matchesWord(b, word))
      expect(overlap(`x/${a}`, `x/${b}`)).toBe(common)
    }),
  )
})

test('a pattern covers and overlaps itself; one without a slash stands for nothing', () => {
  fc.assert(
    fc.property(pattern, (one) => {
      expect(covers(one, one)).toBe(true)
      expect(covers('*', one)).toBe(true)
      expect(overlap(one, one)).toBe(true)
    }),
  )
  expect(overlap('shell', '*')).toBe(false)
  expect(covers('*/*', '*')).toBe(true)
})

test.each([
  { a: 's/get_*', b: 's/*_logs', meet: true, reason: 'a word can begin like one and end like the other' },
  { a: 's/get_*', b: 's/set_*', meet: false, reason: 'beginnings differ' },
  { a: 's/*_logs', b: 's/*_traces', meet: false, reason: 'ends differ' },
  { a: 's/*_logs', b: 's/*logs', meet: true, reason: 'one end is the end of the other' },
  { a: 'a*/*', b: 'b*/*', meet: false, reason: 'servers differ' },
])('$a and $b: $reason', ({ a, b, meet }) => {
  expect(overlap(a, b)).toBe(meet)
  expect(overlap(b, a)).toBe(meet)
})
