import { expect, test } from 'vitest'
import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import { createManualClock } from '../ports/manual-clock.ts'
import type { Standing, TaskSource } from '../ports/task-source.ts'
import { TaskSession } from './task-session.ts'
import { inMemoryTaskSource } from './testing/in-memory-task-source.ts'
import { policyOf, taskOf } from './testing/stage.ts'
import { silentLogger } from '../ports/silent-logger.ts'

const open = policyOf({ servers: ['slack'], revision: 'open' })
const closed = policyOf({ servers: ['slack'], deny: ['slack/*'], revision: 'closed' })
const standing = (policy: EffectivePolicy): Standing => ({ expiresAt: '2026-01-01T00:10:00.000Z', policy })

const sessionOn = (answers: Partial<TaskSource>) => {
  const clock = createManualClock({ start: Date.parse('2026-01-01T00:00:00.000Z') })
  const session = new TaskSession({
    source: { ...inMemoryTaskSource(), ...answers },
    assigned: { task: taskOf(), fence: 1, expiresAt: standing(open).expiresAt, policy: open, history: [] },
    clock,
    log: silentLogger,
  })
  return { clock, session }
}

test('F68 a heartbeat whose answer was overtaken on the way does not bring an older policy back', async () => {
  const late = Promise.withResolvers<Standing>()
  const { clock, session } = sessionOn({
    heartbeat: () => late.promise,
    record: () => Promise.resolve(standing(closed)),
  })
  clock.advance(1000)
  clock.advance(10)
  await session.append([])
  expect(session.policy).toBe(closed)

  late.resolve(standing(open))
  await late.promise
  await Promise.resolve()
  expect(session.policy).toBe(closed)
  session.close()
})

test('F68 what became durable comes with a policy no older than that, also when a heartbeat overtook the answer', async () => {
  const slow = Promise.withResolvers<Standing>()
  const { clock, session } = sessionOn({
    record: () => slow.promise,
    heartbeat: () => Promise.resolve(standing(open)),
  })
  const appended = session.append([])
  await Promise.resolve()
  clock.advance(1000)
  await Promise.resolve()
  slow.resolve(standing(closed))
  expect(await appended).toBe(closed)
  session.close()
})
