import { expect, test } from 'vitest'
import { KubeswarmError } from '../domain/error.ts'
import { createManualClock } from '../ports/manual-clock.ts'
import type { AssignedTask, Standing, TaskSource } from '../ports/task-source.ts'
import { TaskSession } from './task-session.ts'
import { policyOf, taskOf } from './testing/stage.ts'
import { silentLogger } from '../ports/silent-logger.ts'

const leaseMs = 10_000

/** A session on a hub whose answers the test gives. */
const setUp = ({ heartbeat, record }: Partial<Pick<TaskSource, 'heartbeat' | 'record'>> = {}) => {
  const clock = createManualClock()
  let beats = 0
  const standing = (): Standing => ({
    expiresAt: new Date(clock.now() + leaseMs).toISOString(),
    policy: policyOf(),
  })
  const source = {
    heartbeat: async (proof) => {
      beats += 1
      return heartbeat === undefined ? standing() : heartbeat(proof)
    },
    record: record ?? (async () => standing()),
  } as Partial<TaskSource> as TaskSource
  const assigned: AssignedTask = { task: taskOf(), fence: 1, history: [], ...standing() }
  const session = new TaskSession({ source, assigned, clock, log: silentLogger })
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 500) {
      clock.advance(500)
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
    }
  }
  return { clock, session, pass, beats: () => beats }
}
const stale = async (): Promise<never> => {
  throw new KubeswarmError({ code: 'StaleLease', message: 'another owner has it' })
}
const told = { type: 'llm.denied', step: 's', attempt: 1, turn: 1, rule: 'r', message: 'm' } as const

test('F06 a write that hangs does not cost the lease: the heart goes on beating', async () => {
  const { session, pass, beats } = setUp({ record: () => new Promise(() => undefined) })
  void session.append([told])
  session.ride([told])
  await pass(3 * leaseMs)
  expect(beats()).toBeGreaterThan(20)
  expect(session.stopReason).toBeUndefined()
  session.close()
})

test('W4 a heartbeat waits at the hub for a cancellation, and one that is answered early is not sent again at once', async () => {
  const waits: (number | undefined)[] = []
  const cancelled = Promise.withResolvers<Standing>()
  const { session, pass, beats } = setUp({
    heartbeat: ({ waitMs }) => {
      waits.push(waitMs)
      return waits.length === 1
        ? Promise.resolve({ expiresAt: '2100-01-01T00:00:00.000Z', policy: policyOf() })
        : cancelled.promise
    },
  })
  await pass(1000)
  expect(beats()).toBe(1)
  await pass(500)
  expect(waits).toEqual([1000, 1000])
  cancelled.resolve({
    expiresAt: '2100-01-01T00:00:00.000Z',
    policy: policyOf(),
    cancelled: { reason: 'enough' },
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(session.stopReason).toEqual({ type: 'cancelled', reason: 'enough' })
  session.close()
})

test('nothing is asked before a call while the lease is known to hold', async () => {
  const { session, beats } = setUp()
  await session.owned()
  expect(beats()).toBe(0)
  session.close()
})

test('F05 a process that was stopped past its lease asks whether the task is still its own before a call', async () => {
  const { clock, session } = setUp({ heartbeat: stale })
  // No timer ran while it was stopped.
  session.close()
  clock.advance(leaseMs)
  await expect(session.owned()).rejects.toMatchObject({ stop: { type: 'lease-lost' } })
})

test('a lease that nobody else has taken meanwhile is simply extended', async () => {
  const { clock, session, beats } = setUp()
  session.close()
  clock.advance(leaseMs)
  await session.owned()
  await session.owned()
  expect(beats()).toBe(1)
})
