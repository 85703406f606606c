import { expect, test } from 'vitest'
import { isOver } from './is-over.ts'

test.each(['Succeeded', 'Failed', 'Cancelled'] as const)('a run that is %s is over', (phase) => {
  expect(isOver({ status: { phase } })).toBe(true)
})

test('a run that waits, works or has no status is not', () => {
  for (const phase of ['Pending', 'Running'] as const) expect(isOver({ status: { phase } })).toBe(false)
  expect(isOver({})).toBe(false)
})
