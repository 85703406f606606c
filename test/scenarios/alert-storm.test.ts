// The short form of `npm run storm`.

import { expect, test } from 'vitest'
import { playStorm } from '../storm/alert-storm.ts'

test('D1 F81 F88 alerts shuffled and repeated, hub and operator killed: one run for each, one post for each run', async () => {
  const outcome = await playStorm({ alerts: 40, kills: 2 })
  expect(outcome).toMatchObject({
    alerts: 40,
    kills: 2,
    runs: 40,
    succeeded: 40,
    severalNames: 0,
    posts: { 1: 40 },
  })
})
