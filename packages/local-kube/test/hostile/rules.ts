/** Definitions whose rules are many, long or slow, and objects for them. */
import { custom, define, many } from './hostile-request.ts'
import type { HostileRequest } from './hostile-request.ts'

const text = { type: 'string' }
const numbers = { type: 'array', items: { type: 'integer' } }
const ruled = (rules: readonly string[], properties: object): object => ({
  type: 'object',
  'x-kubernetes-validations': rules.map((rule) => ({ rule })),
  properties,
})

export const rules: readonly HostileRequest[] = [
  {
    name: '1,000 rules of 2,500 characters',
    ...define('manyrules', () =>
      ruled(
        many(1_000, (index) => `${`self.a == ${index} || `.repeat(140)}true`),
        { a: { type: 'integer' } },
      ),
    ),
    status: 422,
  },
  {
    name: '250 rules of 10,000 characters',
    ...define('longrules', () =>
      ruled(
        many(250, (index) => `[${'1,'.repeat(4_900)}${index}].size()>0`),
        { a: { type: 'integer' } },
      ),
    ),
    status: 422,
  },
  {
    name: '50 rules that match',
    ...define('matches', () =>
      ruled(
        many(50, (index) => `self.s.matches('^(a|b|c)*${index}$')`),
        { s: text },
      ),
    ),
    status: 201,
  },
  {
    name: 'a text of 190,000 for them',
    ...custom('matches', () => ({ s: 'a'.repeat(190_000) })),
    status: 422,
  },
  {
    name: 'a text of a million for them',
    ...custom('matches', () => ({ s: 'a'.repeat(1_000_000) })),
    status: 422,
  },
  {
    name: '500 rules that replace',
    ...define('replaces', () =>
      ruled(
        many(500, (index) => `self.s.replace('a','bbbb').replace('b','').size() >= ${index}`),
        { s: text },
      ),
    ),
    status: 201,
  },
  {
    name: 'a text of 200,000 for them',
    ...custom('replaces', () => ({ s: 'a'.repeat(200_000) })),
    status: 422,
  },
  {
    name: '500 rules that split',
    ...define('splits', () =>
      ruled(
        many(500, (index) => `self.s.split('').size() >= ${index}`),
        { s: text },
      ),
    ),
    status: 201,
  },
  {
    name: 'a text of a million to split',
    ...custom('splits', () => ({ s: 'a'.repeat(1_000_000) })),
    status: 422,
  },
  {
    name: 'a rule that joins',
    ...define('joins', () =>
      ruled([`self.l.all(x, (self.s+self.s+self.s+self.s).size() > 0 && self.s.lowerAscii() != 'x')`], {
        s: text,
        l: numbers,
      }),
    ),
    status: 201,
  },
  {
    name: '10,000 items and a text to join',
    ...custom('joins', () => ({ s: 'a'.repeat(500_000), l: many(10_000, (index) => index) })),
    status: 422,
  },
  {
    name: 'a rule that compares',
    ...define('compares', () => ruled([`self.l.all(x, self.l == self.l)`], { l: numbers })),
    status: 201,
  },
  {
    name: '10,000 items to compare',
    ...custom('compares', () => ({ l: many(10_000, (index) => index) })),
    status: 422,
  },
  {
    name: 'a rule that measures 60 times',
    ...define('measures', () =>
      ruled([many(60, (index) => `self.s.size() > ${index}`).join(' && ')], { s: text }),
    ),
    status: 201,
  },
  {
    name: 'a text of a million to measure',
    ...custom('measures', () => ({ s: 'a'.repeat(1_000_000) })),
    status: 422,
  },
  {
    name: 'a text of 100,000 to measure',
    ...custom('measures', () => ({ s: 'é'.repeat(100_000) })),
    status: 422,
  },
  {
    name: 'a loop in a loop in a loop',
    ...define('loops', () =>
      ruled(['self.l.all(x, self.l.all(y, self.l.all(z, x + y + z >= 0)))'], { l: numbers }),
    ),
    status: 201,
  },
  {
    name: '60 items to loop over',
    ...custom('loops', () => ({ l: many(60, (index) => index) })),
    status: 422,
  },
  {
    name: '10,000 items to loop over',
    ...custom('loops', () => ({ l: many(10_000, (index) => index) })),
    status: 422,
  },
]
