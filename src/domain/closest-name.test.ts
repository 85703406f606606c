import { expect, it } from 'vitest'
import { closestName } from './closest-name.ts'

it.each([
  { wanted: 'investigater', expected: 'investigator' },
  { wanted: 'Notifier', expected: 'notifier' },
  { wanted: 'noitfier', expected: 'notifier' },
  { wanted: 'grafana', expected: undefined },
  { wanted: '', expected: undefined },
])('the name nearest to "$wanted" is $expected', ({ wanted, expected }) => {
  expect(closestName(wanted, ['investigator', 'diagnostician', 'notifier'])).toBe(expected)
})
