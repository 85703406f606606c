/** Definitions whose patterns explode, alone or together, and texts for them. */
import { custom, define, fields, many } from './hostile-request.ts'
import type { HostileRequest } from './hostile-request.ts'

const pattern = (text: string): object => ({ type: 'string', pattern: text })
const spec = (properties: object): object => ({ type: 'object', properties })

export const patterns: readonly HostileRequest[] = [
  {
    name: 'catastrophic patterns',
    ...define('catastrophes', () => spec({ a: pattern('^(a+)+$'), b: pattern('^(a|a)*$') })),
    status: 201,
  },
  {
    name: 'a text for the first',
    ...custom('catastrophes', () => ({ a: `${'a'.repeat(100_000)}!` })),
    status: 422,
  },
  {
    name: 'a text for the second',
    ...custom('catastrophes', () => ({ b: `${'a'.repeat(100_000)}!` })),
    status: 422,
  },
  {
    name: '5,000 patterns',
    ...define('patterns', () => spec(fields(5_000, 'p', (index) => pattern(`^(a|b)+[${index}]{1,50}x$`)))),
    status: 422,
  },
  {
    name: 'repeats of repeats',
    ...define('repeats', () => spec({ a: pattern('((a{100}){100}){10}'), b: pattern('(a{1000}){1000}') })),
    status: 422,
  },
  {
    name: '1,000 patterns of repeats',
    ...define('allrepeats', () => spec(fields(1_000, 'p', (index) => pattern(`a{1000}b{1000}${index}`)))),
    status: 422,
  },
  {
    name: '1,000 patterns of letters',
    ...define('letters', () =>
      spec(fields(1_000, 'p', (index) => pattern(`(?i)[\\pL\\pN]{20,200}${index}`))),
    ),
    status: 422,
  },
  {
    name: 'patterns as large as are taken',
    ...define('largest', () => spec(fields(60, 'p', (index) => pattern(`^(a{20}b{20}c{20}){40}${index}$`)))),
    status: 201,
  },
  {
    name: 'texts for the largest',
    ...custom('largest', () => fields(60, 'p', () => 'a'.repeat(2_000))),
    status: 422,
  },
  {
    name: 'a pattern of 1 MB',
    ...define('onemb', () => spec({ a: pattern('(a|b)*'.repeat(170_000)) })),
    status: 422,
  },
  {
    name: 'a pattern of 500,000 levels',
    ...define('levels', () => spec({ a: pattern('('.repeat(500_000) + ')'.repeat(500_000)) })),
    status: 422,
  },
  {
    name: 'a pattern for each item',
    ...define('each', () => spec({ l: { type: 'array', items: pattern('^(a|b|c)*z$') } })),
    status: 201,
  },
  {
    name: '2,000 items to match',
    ...custom('each', () => ({ l: many(2_000, () => 'a'.repeat(600)) })),
    status: 422,
  },
  {
    name: '14,000 items to match',
    ...custom('each', () => ({ l: many(14_000, () => 'a'.repeat(100)) })),
    status: 422,
  },
  {
    name: '3,000 alternatives of patterns',
    ...define('anyof', () =>
      spec({ s: { type: 'string', anyOf: many(3_000, (index) => ({ pattern: `^(a|b)*${index}$` })) } }),
    ),
    status: 201,
  },
  { name: 'a text for the alternatives', ...custom('anyof', () => ({ s: 'a'.repeat(50_000) })), status: 422 },
  {
    name: '100 patterns of 29,000 characters',
    ...define('longpatterns', () =>
      spec(fields(100, 'p', (index) => pattern(`${'a?'.repeat(14_500)}${index}`))),
    ),
    status: 422,
  },
  {
    name: '5,000 patterns that are none',
    ...define('nopatterns', () =>
      spec(fields(5_000, 'p', (index) => pattern(`${'(a|b)'.repeat(8)}${index}(`))),
    ),
    status: 422,
  },
]
