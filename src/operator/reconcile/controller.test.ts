import { expect, test } from 'vitest'
import { KubeswarmError } from '../../domain/error.ts'
import { createManualClock } from '../../ports/manual-clock.ts'
import { KubernetesApiError } from '../../ports/resources.ts'
import { createController } from './controller.ts'

const refusal = (status: number, message = 'refused', retryAfterMs?: number) =>
  new KubernetesApiError({
    status,
    reason: 'Test',
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })

/** How often the key was worked on after its first failure, in half a minute; and what was logged as an error. */
const runWith = async (failure: unknown) => {
  const clock = createManualClock()
  const errors: string[] = []
  let calls = 0
  const controller = createController({
    name: 'test',
    reconcile: async () => {
      calls += 1
      if (calls === 1) throw failure
      return undefined
    },
    clock,
    random: () => 0.5,
    logger: { debug() {}, info() {}, warn() {}, error: (_fields, message) => void errors.push(message) },
  })
  controller.queue.add('a')
  controller.start()
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  }
  await settle()
  const atOnce = calls
  clock.advance(1_000)
  await settle()
  const soon = calls
  clock.advance(30_000)
  await settle()
  await controller.close()
  return { atOnce, soon, later: calls, errors: errors.length }
}

test.each([
  { failure: refusal(409), soon: 2, later: 2, errors: 0, reason: 'a conflict says that the view was old' },
  { failure: refusal(404), soon: 2, later: 2, errors: 0, reason: 'an object that is gone says the same' },
  { failure: refusal(500), soon: 2, later: 2, errors: 1, reason: 'a fault passes' },
  {
    failure: refusal(429, 'slow down', 5_000),
    soon: 1,
    later: 2,
    errors: 1,
    reason: 'the server asked for time (F62)',
  },
  {
    failure: refusal(403, 'forbidden: because it is being terminated'),
    soon: 1,
    later: 1,
    errors: 0,
    reason: 'a namespace that goes takes nothing new (F67)',
  },
  {
    failure: new KubeswarmError({ code: 'InvalidInput', message: 'cannot' }),
    soon: 1,
    later: 1,
    errors: 1,
    reason: 'what repetition cannot mend waits for a change',
  },
])('the error decides about the retry: $reason', async ({ failure, soon, later, errors }) => {
  expect(await runWith(failure)).toEqual({ atOnce: 1, soon, later, errors })
})
