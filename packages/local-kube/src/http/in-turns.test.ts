import { expect, test } from 'vitest'
import { eachInTurns } from './in-turns.ts'

const busyFor = (milliseconds: number): void => {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

test('every item is visited in order, and others get their turn between', async () => {
  let turns = 0
  const other = setInterval(() => (turns += 1), 0)
  const visited: number[] = []
  const items = Array.from({ length: 40 }, (_, index) => index)
  await eachInTurns(items, (item) => {
    visited.push(item)
    busyFor(3)
  })
  clearInterval(other)
  expect(visited).toEqual(items)
  expect(turns).toBeGreaterThan(0)
})

test('what is short is done in one turn', async () => {
  let isOver = false
  const done = eachInTurns([1, 2, 3], () => undefined).then(() => (isOver = true))
  await Promise.resolve().then(() => Promise.resolve())
  expect(isOver).toBe(true)
  await done
})
