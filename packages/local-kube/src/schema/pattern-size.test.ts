import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import { largestProgramOf } from './pattern-size.ts'

const quantity =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$'

test.each([
  '',
  'abc',
  '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
  quantity,
  'a{3}',
  'a{2,}b{0,7}',
  '(a|b)*'.repeat(50),
  '((a{10}){10}){10}',
  `(${'abc'.repeat(20)}){100}`,
  '(((a{10}){10}){10}|'.repeat(10) + 'b' + ')'.repeat(10),
  '(?i)[\\pL\\pN]{20,200}x',
  '(?:a{5}){5}(?P<name>b{4}){3}',
  '[]a{10}]{20}',
  '[^]{9}]{2}[[:alpha:]{3}]{4}',
  '\\{10\\}{7}\\x{61}{9}\\p{Greek}{3}',
  '((a*)*)*'.repeat(10),
  'a**',
])('the program of %j is no larger than it is thought to be', (pattern) => {
  let size: number
  try {
    size = RE2JS.compile(pattern).programSize()
  } catch {
    size = 0
  }
  expect(largestProgramOf(pattern)).toBeGreaterThanOrEqual(size)
})

test.each([
  ['repeats within repeats', '(((a{10}){10}){10}|'.repeat(60) + 'b' + ')'.repeat(60)],
  ['a long group a thousand times', `(${'a'.repeat(500)}){1000}`],
  ['ranges of every alphabet, without case', `(?i)${'[\\x{60}-\\x{1e920}]'.repeat(100)}`],
  ['endless', 'a|'.repeat(100_000)],
])('a pattern of %s is thought to be large', (_, pattern) => {
  expect(largestProgramOf(pattern)).toBeGreaterThan(30_000)
})

test('patterns people write are thought to be small', () => {
  expect(largestProgramOf(quantity)).toBeLessThan(1_000)
  expect(largestProgramOf('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')).toBeLessThan(1_000)
  expect(largestProgramOf('(?i)^(debug|info|warn)$')).toBeLessThan(1_000)
})
