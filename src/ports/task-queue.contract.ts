// What every task queue must keep: one owner at a time, nothing lost, nothing twice, nobody else's work.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import type { Store } from './store.ts'
import type { Lease } from './task-queue.ts'
import {
  agentKey,
  completed,
  intended,
  policyOf,
  requested,
  responded,
  runKey,
  submitted,
  taskOf,
  type StoreFactory,
} from './store.fixtures.ts'

const LEASE_MS = 10_000

export const taskQueueContract = ({ open }: StoreFactory): void => {
  describe('task queue', () => {
    let clock: ManualClock
    let store: Store
    beforeEach(async () => {
      clock = createManualClock()
      store = await open({ clock })
    })
    afterEach(() => store.close())

    const submit = (task = taskOf()) => store.tasks.submit({ task, records: [submitted(task)] })
    const lease = ({
      agent = agentKey(),
      holder = 'pod-1',
      waitMs = 0,
      signal = undefined as AbortSignal | undefined,
    } = {}) =>
      store.tasks.lease({
        agent,
        holder,
        leaseMs: LEASE_MS,
        waitMs,
        ...(signal === undefined ? {} : { signal }),
      })
    const leased = async (request: Parameters<typeof lease>[0] = {}): Promise<Lease> => {
      const found = await lease(request)
      if (found === undefined) throw new Error('no task was available')
      return found
    }
    const proofOf = ({ task, fence }: Lease) => ({ task: task.id, fence })
    const types = async (run = runKey()) =>
      (await store.journal.read({ run: run.uid })).map(({ type }) => type)
    /** A write after everything that was queued before it: lets woken waiters take their turn. */
    const settled = async () => {
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    }

    test('F03 W6 a task submitted twice is one task', async () => {
      await Promise.all([submit(), submit()])
      await submit()
      expect(await lease()).toBeDefined()
      expect(await lease()).toBeUndefined()
      expect(await types()).toEqual(['step.submitted', 'task.leased'])
    })

    test('F03 a task submitted again after its end does not come back', async () => {
      await submit()
      const owner = await leased()
      await store.tasks.finish({ ...proofOf(owner), records: [completed(owner.task)] })
      await submit()
      expect(await lease()).toBeUndefined()
    })

    test.each([
      { type: 'run.stopping', phase: 'Cancelled', reason: 'Cancelled', message: '' },
      { type: 'run.finished', phase: 'Cancelled', reason: 'Cancelled', message: '' },
    ] as const)('F63 after $type nothing is submitted any more, until the next round', async (record) => {
      const task = taskOf()
      await store.journal.append({ run: task.run, records: [record] })
      await submit(task)
      expect(await lease()).toBeUndefined()
      expect(await types()).toEqual([record.type])
      await store.tasks.submit({ task, records: [submitted(task)], round: 2 })
      expect(await lease()).toBeDefined()
      await store.journal.append({ run: task.run, records: [{ ...record, round: 2 }] })
      const late = taskOf({ step: 'late' })
      await store.tasks.submit({ task: late, records: [submitted(late)], round: 2 })
      expect(await lease()).toBeUndefined()
    })

    test('the lease carries the task as it was submitted, and the journal tells who took it', async () => {
      await submit()
      const owner = await leased()
      expect(owner).toEqual({ task: taskOf(), fence: 1, expiresAt: '2026-04-01T02:52:10.000Z' })
      expect((await store.journal.read({ run: runKey().uid })).at(-1)).toMatchObject({
        type: 'task.leased',
        fence: 1,
        holder: 'pod-1',
      })
    })

    test('W12 an agent never sees another agent’s task, nor that of its namesake in another namespace', async () => {
      await submit()
      expect(await lease({ agent: agentKey('incident-notifier') })).toBeUndefined()
      expect(await lease({ agent: agentKey('incident-investigator', 'elsewhere') })).toBeUndefined()
      expect(await lease()).toBeDefined()
    })

    test('the oldest task comes first', async () => {
      const tasks = ['c', 'a', 'b'].map((name) => taskOf({ run: runKey(name) }))
      for (const task of tasks) await submit(task)
      const taken = [await leased(), await leased(), await leased()]
      expect(taken.map(({ task }) => task.run.name)).toEqual(['c', 'a', 'b'])
    })

    test('F07 each of 32 parallel leases gets another task', async () => {
      const tasks = Array.from({ length: 32 }, (_, index) => taskOf({ run: runKey(`run-${index}`) }))
      await Promise.all(tasks.map((task) => submit(task)))
      const taken = await Promise.all(tasks.map(() => leased()))
      expect(new Set(taken.map(({ task }) => task.id)).size).toBe(32)
      expect(await lease()).toBeUndefined()
    })

    test('W11 two idle workers get one of two tasks each, whoever asked first', async () => {
      const workers = [lease({ holder: 'pod-1', waitMs: 60_000 }), lease({ holder: 'pod-2', waitMs: 60_000 })]
      await settled()
      await submit(taskOf({ run: runKey('a') }))
      await submit(taskOf({ run: runKey('b') }))
      const names = (await Promise.all(workers)).map((found) => found?.task.run.name)
      expect(names).toEqual(['a', 'b'])
    })

    test('a waiting lease is answered by a submit, without the clock moving', async () => {
      const waiting = lease({ waitMs: 60_000 })
      await settled()
      await submit()
      expect(await waiting).toMatchObject({ fence: 1 })
    })

    test('a wait ends with nothing after its time', async () => {
      const waiting = lease({ waitMs: 20_000 })
      await settled()
      clock.advance(20_000)
      expect(await waiting).toBeUndefined()
    })

    test('an aborted wait takes no task', async () => {
      const abort = new AbortController()
      const gone = lease({ waitMs: 60_000, signal: abort.signal })
      await settled()
      abort.abort()
      expect(await gone).toBeUndefined()
      await submit()
      expect(await lease()).toMatchObject({ fence: 1 })
    })

    test('closing the store ends the waits', async () => {
      const waiting = lease({ waitMs: 60_000 })
      await settled()
      await store.close()
      expect(await waiting).toBeUndefined()
    })

    test('a retry is offered from its time on, to who waits for it', async () => {
      await submit(taskOf({ notBefore: new Date(clock.now() + 5000).toISOString() }))
      expect(await lease()).toBeUndefined()
      const waiting = lease({ waitMs: 60_000 })
      await settled()
      clock.advance(4999)
      await settled()
      expect((await store.tasks.depth(agentKey())).queued).toBe(1)
      clock.advance(1)
      expect(await waiting).toMatchObject({ fence: 1 })
    })

    test('D7 a task past its run’s deadline is not offered', async () => {
      await submit(taskOf({ deadline: new Date(clock.now() + 5000).toISOString() }))
      clock.advance(5000)
      expect(await lease()).toBeUndefined()
    })

    test('F05 W8 a lease that ran out goes to the next owner with a higher fence', async () => {
      await submit()
      await leased({ holder: 'pod-1' })
      const waiting = lease({ holder: 'pod-2', waitMs: 60_000 })
      await settled()
      clock.advance(LEASE_MS)
      expect(await waiting).toMatchObject({ fence: 2 })
      expect(await types()).toEqual(['step.submitted', 'task.leased', 'task.leased'])
    })

    test('F05 a stale owner is refused in every call, and nothing of it is written', async () => {
      await submit()
      const zombie = await leased({ holder: 'pod-1' })
      clock.advance(LEASE_MS)
      const owner = await leased({ holder: 'pod-2' })
      const before = await store.journal.read({ run: runKey().uid })
      const stale = { code: 'StaleLease' }
      const records = [intended(zombie.task)]
      await expect(
        store.tasks.append({ ...proofOf(zombie), records, contents: ['leak'] }),
      ).rejects.toMatchObject(stale)
      await expect(store.tasks.heartbeat({ ...proofOf(zombie), leaseMs: LEASE_MS })).rejects.toMatchObject(
        stale,
      )
      await expect(
        store.tasks.reserve({ ...proofOf(zombie), record: requested(zombie.task) }),
      ).rejects.toMatchObject(stale)
      await expect(
        store.tasks.finish({ ...proofOf(zombie), records: [completed(zombie.task)] }),
      ).rejects.toMatchObject(stale)
      await expect(store.tasks.release(proofOf(zombie))).rejects.toMatchObject(stale)
      expect(await store.journal.read({ run: runKey().uid })).toEqual(before)
      expect(await store.spend.spentToday(agentKey())).toEqual({ agent: 0, namespace: 0 })
      await store.tasks.finish({ ...proofOf(owner), records: [completed(owner.task)] })
    })

    test('what happened before a reservation is in the journal first, also when the reservation is refused', async () => {
      await submit()
      const owner = await leased()
      const before = { records: [intended(owner.task)], contents: [] }
      await store.tasks.reserve({ ...proofOf(owner), record: requested(owner.task), before })
      expect((await types()).slice(-2)).toEqual(['tool.intended', 'llm.requested'])
      const refused = await store.tasks.reserve({
        ...proofOf(owner),
        record: { ...requested(owner.task), turn: 9 },
        before: { records: [intended(owner.task, { turn: 8 })] },
        agentLimit: 1,
      })
      expect(refused.reservation.type).toBe('exhausted')
      expect((await types()).at(-1)).toBe('tool.intended')
    })

    test('F05 a refused call does not take its neighbours in the same moment with it', async () => {
      await submit()
      const owner = await leased()
      const results = await Promise.allSettled([
        store.tasks.append({ ...proofOf(owner), records: [intended(owner.task)] }),
        store.tasks.append({ task: owner.task.id, fence: 99, records: [intended(owner.task, { turn: 2 })] }),
        store.tasks.append({ ...proofOf(owner), records: [intended(owner.task, { turn: 3 })] }),
      ])
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      const turns = (await store.journal.read({ run: runKey().uid })).flatMap((record) =>
        record.type === 'tool.intended' ? [record.turn] : [],
      )
      expect(turns).toEqual([1, 3])
    })

    test('F06 W7 a task longer than its lease stays with the owner that renews it', async () => {
      await submit()
      const owner = await leased()
      const thief = lease({ holder: 'pod-2', waitMs: 60_000 })
      for (let beat = 0; beat < 3; beat++) {
        await settled()
        clock.advance(LEASE_MS - 1)
        const standing = await store.tasks.heartbeat({ ...proofOf(owner), leaseMs: LEASE_MS })
        expect(standing).toEqual({ expiresAt: new Date(clock.now() + LEASE_MS).toISOString() })
      }
      await store.tasks.finish({ ...proofOf(owner), records: [completed(owner.task)] })
      clock.advance(60_000)
      expect(await thief).toBeUndefined()
    })

    test('an owner that is late, with nobody else at its task, goes on', async () => {
      await submit()
      const owner = await leased()
      clock.advance(LEASE_MS + 1)
      await store.tasks.append({ ...proofOf(owner), records: [intended(owner.task)] })
      expect(await types()).toContain('tool.intended')
    })

    test('F04 W9 result and end of a task are one: finishing again changes nothing', async () => {
      await submit()
      const owner = await leased()
      const finish = () =>
        store.tasks.finish({ ...proofOf(owner), records: [completed(owner.task)], contents: ['done'] })
      await Promise.all([finish(), finish()])
      await finish()
      expect(await types()).toEqual(['step.submitted', 'task.leased', 'task.completed'])
      clock.advance(LEASE_MS)
      expect(await lease()).toBeUndefined()
    })

    test('D3 nothing is appended after the end of a task', async () => {
      await submit()
      const owner = await leased()
      await store.tasks.finish({ ...proofOf(owner), records: [completed(owner.task)] })
      await expect(
        store.tasks.append({ ...proofOf(owner), records: [intended(owner.task)] }),
      ).rejects.toMatchObject({ code: 'StaleLease' })
      expect((await types()).at(-1)).toBe('task.completed')
    })

    test('D2 a finish must end this task', async () => {
      await submit()
      const owner = await leased()
      const invalid = { code: 'InvalidInput' }
      await expect(store.tasks.finish({ ...proofOf(owner), records: [] })).rejects.toMatchObject(invalid)
      await expect(
        store.tasks.finish({ ...proofOf(owner), records: [intended(owner.task)] }),
      ).rejects.toMatchObject(invalid)
      await expect(
        store.tasks.finish({ ...proofOf(owner), records: [completed(taskOf({ step: 'notifier' }))] }),
      ).rejects.toMatchObject(invalid)
    })

    test('W10 F12 a released task is available at once, as the same attempt with the next fence', async () => {
      await submit()
      const owner = await leased()
      const waiting = lease({ holder: 'pod-2', waitMs: 60_000 })
      await settled()
      await store.tasks.release(proofOf(owner))
      expect(await waiting).toMatchObject({ fence: 2, task: { attempt: 1 } })
    })

    test('W4 cancelling ends what is queued and tells who has leased', async () => {
      const queued = taskOf({ step: 'notifier', agent: agentKey('incident-notifier') })
      await submit()
      await submit(queued)
      const owner = await leased()
      const told: string[] = []
      store.tasks.subscribe(({ id }) => told.push(id))
      await store.tasks.cancel({ run: runKey(), reason: 'RunTimeout' })
      expect(told).toEqual([owner.task.id])
      expect(await lease({ agent: agentKey('incident-notifier') })).toBeUndefined()
      expect(await types()).toEqual(['step.submitted', 'step.submitted', 'task.leased', 'task.cancelled'])
      const standing = await store.tasks.heartbeat({ ...proofOf(owner), leaseMs: LEASE_MS })
      expect(standing.cancelled).toEqual({ reason: 'RunTimeout' })
      const appended = await store.tasks.append({ ...proofOf(owner), records: [responded(owner.task)] })
      expect(appended.standing.cancelled).toEqual({ reason: 'RunTimeout' })
    })

    test('cancelling one step leaves the others', async () => {
      const other = taskOf({ step: 'notifier' })
      await submit()
      await submit(other)
      await store.tasks.cancel({ run: runKey(), step: 'investigator', reason: 'StepCancelled' })
      expect(await leased()).toMatchObject({ task: { step: 'notifier' } })
    })

    test('P7 a cancelled task whose owner vanished ends with its lease, and its open call as unknown', async () => {
      await submit()
      const owner = await leased()
      await store.tasks.append({ ...proofOf(owner), records: [intended(owner.task)] })
      await store.tasks.cancel({ run: runKey(), reason: 'RunTimeout' })
      clock.advance(LEASE_MS)
      await settled()
      expect((await types()).slice(-2)).toEqual(['tool.outcome-unknown', 'task.cancelled'])
      expect(await lease()).toBeUndefined()
      await expect(
        store.tasks.finish({ ...proofOf(owner), records: [completed(owner.task)] }),
      ).rejects.toMatchObject({ code: 'StaleLease' })
    })

    test('a cancelled task that is released ends', async () => {
      await submit()
      const owner = await leased()
      await store.tasks.cancel({ run: runKey(), reason: 'RunTimeout' })
      await store.tasks.release(proofOf(owner))
      expect(await lease()).toBeUndefined()
      expect((await types()).at(-1)).toBe('task.cancelled')
    })

    test('F68 owners hear of a changed policy of their agent', async () => {
      await submit()
      const owner = await leased()
      const told: string[] = []
      store.tasks.subscribe(({ id }) => told.push(id))
      await store.policies.put(policyOf({ agent: agentKey('incident-notifier') }))
      await store.policies.put(policyOf())
      expect(told).toEqual([owner.task.id])
    })

    test('find tells a task and where it stands', async () => {
      expect(await store.tasks.find(taskOf().id)).toBeUndefined()
      await submit()
      expect(await store.tasks.find(taskOf().id)).toEqual({ task: taskOf(), state: 'queued' })
      await leased()
      expect(await store.tasks.find(taskOf().id)).toMatchObject({ state: 'leased' })
    })

    test('depth counts what is queued and leased, and the age of the oldest', async () => {
      await submit(taskOf({ run: runKey('a') }))
      clock.advance(3000)
      await submit(taskOf({ run: runKey('b') }))
      expect(await store.tasks.depth(agentKey())).toEqual({ queued: 2, leased: 0, oldestAgeMs: 3000 })
      await leased()
      expect(await store.tasks.depth(agentKey())).toEqual({ queued: 1, leased: 1, oldestAgeMs: 0 })
      expect(await store.tasks.depths()).toEqual([
        { agent: agentKey(), queued: 1, leased: 1, oldestAgeMs: 0 },
      ])
      expect(await store.tasks.depth(agentKey('nobody'))).toEqual({ queued: 0, leased: 0 })
    })
  })
}
