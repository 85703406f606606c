// Leader election over the resources port in memory, on a clock moved by hand.

import { expect, test } from 'vitest'
import {
  createMemoryResources,
  type MemoryResources,
} from '../adapters/kubernetes/testing/memory-resources.ts'
import { electLeader } from '../operator/reconcile/leader.ts'
import { createManualClock, type ManualClock } from '../ports/manual-clock.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }

const candidate = (identity: string, resources: MemoryResources, clock: ManualClock) => {
  const leadership = electLeader({ resources, clock, logger, namespace: 'kubeswarm-system', identity })
  const state = { leads: false, lost: false, release: () => leadership.release() }
  void leadership.acquired.then(() => (state.leads = true))
  void leadership.lost.then(() => (state.lost = true))
  return state
}
/** Lets the clock run in small steps, with the work of each step done in between. */
const pass = async (clock: ManualClock, seconds: number): Promise<void> => {
  for (let step = 0; step < seconds * 2; step += 1) {
    clock.advance(500)
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  }
}

test('of two candidates one leads, and the other takes over at once when it lets go', async () => {
  const [resources, clock] = [createMemoryResources(), createManualClock()]
  const a = candidate('a', resources, clock)
  await pass(clock, 1)
  const b = candidate('b', resources, clock)
  await pass(clock, 60)
  expect([a.leads, b.leads]).toEqual([true, false])
  await a.release()
  await pass(clock, 5)
  expect([a.lost, b.leads]).toEqual([false, true])
})

test('a leader that is paused past its lease steps down when it wakes (F63)', async () => {
  const resources = createMemoryResources()
  const [clockA, clockB] = [createManualClock(), createManualClock()]
  const a = candidate('a', resources, clockA)
  await pass(clockA, 1)
  const b = candidate('b', resources, clockB)
  // Only b's time passes: a stands still.
  await pass(clockB, 30)
  expect([a.leads, b.leads]).toEqual([true, true])
  await pass(clockA, 5)
  expect([a.lost, b.lost]).toEqual([true, false])
})

test('a leader that cannot renew stops before another may start', async () => {
  const [resources, clock] = [createMemoryResources(), createManualClock()]
  const a = candidate('a', resources, clock)
  await pass(clock, 1)
  expect(a.leads).toBe(true)
  for (let times = 0; times < 20; times += 1)
    resources.failOnce((write) => write.startsWith('patch leases'), 500)
  await pass(clock, 14)
  expect(a.lost).toBe(true)
})
