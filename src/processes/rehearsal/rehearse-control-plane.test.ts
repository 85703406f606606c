import { expect, test } from 'vitest'
import { systemClock } from '../system-clock.ts'
import { rehearseControlPlane } from './rehearse-control-plane.ts'

test('the rehearsed run is brought to its end, so that all of the way has been walked', async () => {
  expect(await rehearseControlPlane(systemClock)).toBe('Succeeded')
})
