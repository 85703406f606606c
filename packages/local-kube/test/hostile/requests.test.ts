/** Every hostile request that takes no seconds: answered as it should be, and the server lives. How long is `npm run test:hostile`. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMeasuredServer } from './measured-server.ts'
import type { MeasuredServer } from './measured-server.ts'
import { playRequests } from './play-requests.ts'

let server: MeasuredServer
beforeAll(async () => {
  server = await startMeasuredServer()
})
afterAll(() => server.close())

test('no hostile request gets another answer than its own, or ends the server', async () => {
  const played = await playRequests({ server, isChosen: ({ isLong }) => isLong !== true })
  expect(played.filter(({ fault }) => fault !== undefined)).toEqual([])
  expect(server.isAlive()).toBe(true)
})
