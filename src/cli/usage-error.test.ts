import { expect, test } from 'vitest'
import { usageErrorLines } from './usage-error.ts'

test('a complaint of the command line becomes cause, remedy and code', () => {
  expect(usageErrorLines("error: missing required argument 'kind'\n", 'see --help')).toEqual([
    'error: missing required argument "kind"',
    '  fix: see --help',
    '  code: Usage',
  ])
})

test('a guess comes first', () => {
  expect(usageErrorLines("error: unknown command 'dmeo'\n(Did you mean demo?)\n", 'see --help')).toEqual([
    'error: unknown command "dmeo"',
    '  fix: did you mean demo? see --help',
    '  code: Usage',
  ])
})
