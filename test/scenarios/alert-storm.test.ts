// The short form of `npm run storm`.

import { expect, test } from 'vitest'
import { holds, playStorm } from '../storm/alert-storm.ts'

test('D1 F81 F88 alerts shuffled and repeated, hub and operator killed: one run for each, one post for each run', async () => {
  const outcome = await playStorm({ alerts: 40, kills: 2, victims: 'control-plane' })
  expect(outcome).toMatchObject({ runs: 40, succeeded: 40, severalNames: 0, posts: { 1: 40 } })
  expect(holds(outcome), JSON.stringify(outcome)).toBe(true)
})

test('D1 F81 F88 the agents killed with them: one run for each, at most one post for each run', async () => {
  const outcome = await playStorm({ alerts: 40, kills: 2, victims: 'everything' })
  expect(outcome).toMatchObject({ runs: 40, severalNames: 0 })
  expect(holds(outcome), JSON.stringify(outcome)).toBe(true)
})
