import { expect, test } from 'vitest'
import { sinceTime } from './since-time.ts'

const now = Date.parse('2026-04-23T02:45:00Z')

test.each([
  ['90s', '2026-04-23T02:43:30.000Z'],
  ['30m', '2026-04-23T02:15:00.000Z'],
  ['24h', '2026-04-22T02:45:00.000Z'],
  ['7d', '2026-04-16T02:45:00.000Z'],
  ['2026-04-23T00:00:00Z', '2026-04-23T00:00:00.000Z'],
])('%s is %s', (text, time) => expect(sinceTime(text, now)).toBe(time))

test.each(['yesterday', '5', '5w', '-1h', '', '99999999999999d'])('%j is refused', (text) =>
  expect(() => sinceTime(text, now)).toThrow(/neither a time nor how long ago/),
)
