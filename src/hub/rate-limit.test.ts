import { expect, test } from 'vitest'
import { createManualClock } from '../ports/manual-clock.ts'
import { createRateLimit } from './rate-limit.ts'

const emptied = () => {
  const clock = createManualClock()
  const limit = createRateLimit({ clock, perSecond: 10, burst: 2, capacity: 2 })
  limit.take('flooded')
  limit.take('flooded')
  return { clock, limit }
}

test('who has used up the burst waits for the next token, and is not made to wait longer by asking', () => {
  const { clock, limit } = emptied()
  expect([limit.take('flooded'), limit.take('flooded'), limit.wait('flooded')]).toEqual([100, 100, 100])
  clock.advance(100)
  expect([limit.take('flooded'), limit.take('flooded')]).toEqual([0, 100])
})

test('who only asks how long takes nothing', () => {
  const { clock, limit } = emptied()
  clock.advance(100)
  expect([limit.wait('flooded'), limit.wait('flooded'), limit.take('flooded')]).toEqual([0, 0, 0])
  expect(limit.wait('flooded')).toBe(100)
})

test('each key has its own burst; the one unused for longest is forgotten', () => {
  const { limit } = emptied()
  expect([limit.wait('other'), limit.take('other'), limit.wait('flooded')]).toEqual([0, 0, 100])
  limit.take('third')
  expect(limit.wait('flooded')).toBe(0)
})
