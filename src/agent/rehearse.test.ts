import { expect, test } from 'vitest'
import { rehearse } from './rehearse.ts'
import { fastClock } from './testing/stage.ts'

test('the rehearsed task is performed to its end, so that all of the way has been walked', async () => {
  expect(await rehearse({ clock: fastClock, random: () => 0.5, secrets: () => [] })).toBe('completed')
})
