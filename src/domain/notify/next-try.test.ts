import { expect, test } from 'vitest'
import { nextTry } from './next-try.ts'

test('tries come ever later, are ten, and heed what the other side asks for', () => {
  const waits = Array.from({ length: 10 }, (_, index) => nextTry({ attempt: index + 1, random: 0.5 }))
  expect(waits.slice(0, 9).every((wait, index, all) => (wait ?? 0) >= (all[index - 1] ?? 0))).toBe(true)
  expect(waits[9]).toBeUndefined()
  expect(nextTry({ attempt: 1, retryAfterMs: 30_000, random: 0 })).toBe(30_000)
  expect(nextTry({ attempt: 1, retryAfterMs: 1e12, random: 0 })).toBe(3 * 3_600_000)
})
