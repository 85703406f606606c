// What no order of events may break: owners that come, stall, come back, give up and finish, cancellations, and time
// that passes, in any sequence and on several agents at once.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifyChain } from '../domain/journal/hash-chain.ts'
import type { JournalRecord } from '../domain/journal/record.ts'
import { createManualClock } from './manual-clock.ts'
import type { Lease } from './task-queue.ts'
import {
  agentKey,
  completed,
  intended,
  runKey,
  submitted,
  taskOf,
  type StoreFactory,
} from './store.fixtures.ts'

const LEASE_MS = 10_000
const agents = ['a', 'b']
const runs = ['r1', 'r2']

const event = fc.oneof(
  fc.record({ type: fc.constant('submit'), run: fc.nat(1), agent: fc.nat(1) }),
  fc.record({ type: fc.constant('lease'), agent: fc.nat(1) }),
  // `owner` picks among all leases ever given, so most of them are stale.
  fc.record({ type: fc.constantFrom('heartbeat', 'append', 'finish', 'release'), owner: fc.nat() }),
  fc.record({ type: fc.constant('cancel'), run: fc.nat(1) }),
  fc.record({ type: fc.constant('wait'), ms: fc.integer({ min: 1, max: 2 * LEASE_MS }) }),
)
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never

export const taskQueueProperties = ({ open }: StoreFactory): void => {
  describe('task queue, in any order of events', () => {
    test('D2 D3 D6 F05 F07 W12 no task ends twice, no stale owner writes, no agent sees another’s work', async () => {
      const property = fc.asyncProperty(fc.array(event, { minLength: 10, maxLength: 60 }), async (events) => {
        const records = await play(events)
        for (const ofRun of records) checkRun(ofRun)
      })
      await expect(fc.assert(property, { numRuns: 60 })).resolves.toBeUndefined()
    })
  })

  /** Plays the events on an empty store and resolves to the journals of the runs. */
  const play = async (events: readonly Event[]): Promise<readonly (readonly JournalRecord[])[]> => {
    const clock = createManualClock()
    const store = await open({ clock })
    const owners: Lease[] = []
    let turns = 0

    const act = async (step: Event): Promise<void> => {
      if ('ms' in step) {
        clock.advance(step.ms)
        // What the passing time sets off inside the store is done before the next event.
        for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
        return
      }
      if ('run' in step) {
        const run = runKey(runs[step.run])
        if (step.type === 'cancel') {
          await store.tasks.cancel({ run, reason: 'RunCancelled' })
          return
        }
        const name = agents['agent' in step ? step.agent : 0] ?? ''
        // One task per run and agent: most submits are repetitions.
        const task = taskOf({ run, step: `step-${name}`, agent: agentKey(name) })
        await store.tasks.submit({ task, records: [submitted(task)] })
        return
      }
      if ('agent' in step) {
        const agent = agentKey(agents[step.agent])
        const lease = await store.tasks.lease({ agent, holder: 'pod', leaseMs: LEASE_MS, waitMs: 0 })
        if (lease === undefined) return
        expect(lease.task.agent).toEqual(agent)
        for (const { task, fence } of owners)
          if (task.id === lease.task.id) expect(lease.fence).toBeGreaterThan(fence)
        owners.push(lease)
        return
      }
      if ('owner' in step) await actAsOwner(step)
    }

    const actAsOwner = async ({ type, owner }: Event & { readonly owner: number }): Promise<void> => {
      const lease = owners[owner % Math.max(1, owners.length)]
      if (lease === undefined) return
      const { task } = lease
      const proof = { task: task.id, fence: lease.fence }
      const newest = owners.findLast((other) => other.task.id === task.id)
      const before = await store.journal.read({ run: task.run.uid })
      try {
        if (type === 'heartbeat') await store.tasks.heartbeat({ ...proof, leaseMs: LEASE_MS })
        if (type === 'append')
          await store.tasks.append({ ...proof, records: [intended(task, { turn: ++turns })] })
        if (type === 'finish') await store.tasks.finish({ ...proof, records: [completed(task)] })
        if (type === 'release') await store.tasks.release(proof)
        expect(lease, 'only the newest owner may act').toBe(newest)
      } catch (error) {
        expect(error).toMatchObject({ code: 'StaleLease' })
        expect(await store.journal.read({ run: task.run.uid })).toEqual(before)
      }
    }

    for (const step of events) await act(step)
    const journals = await Promise.all(runs.map((name) => store.journal.read({ run: runKey(name).uid })))
    await store.close()
    return journals
  }
}

const checkRun = (records: readonly JournalRecord[]): void => {
  expect(verifyChain(records)).toMatchObject({ type: 'intact' })
  const ended = new Set<string>()
  const submittedSteps = new Set<string>()
  for (const record of records) {
    if (!('step' in record)) continue
    expect(ended, `after its end: ${record.key}`).not.toContain(record.step)
    if (record.type === 'step.submitted') {
      expect(submittedSteps).not.toContain(record.step)
      submittedSteps.add(record.step)
    }
    if (record.type === 'task.completed' || record.type === 'task.cancelled') ended.add(record.step)
  }
}
