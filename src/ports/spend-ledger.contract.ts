// What every spend ledger must keep: no ceiling is passed by more than calls in flight, and nothing is charged twice.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import type { Store } from './store.ts'
import {
  agentKey,
  requested,
  responded,
  runKey,
  submitted,
  taskOf,
  type StoreFactory,
} from './store.fixtures.ts'

export const spendLedgerContract = ({ open }: StoreFactory): void => {
  describe('spend ledger', () => {
    let clock: ManualClock
    let store: Store
    beforeEach(async () => {
      clock = createManualClock()
      store = await open({ clock })
    })
    afterEach(() => store.close())

    test('B1 of many calls at once, only those that fit under the agent’s ceiling are let through', async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          store.spend.reserve({ key: `k${index}`, agent: agentKey(), tokens: 300, agentLimit: 1000 }),
        ),
      )
      expect(results.filter(({ type }) => type === 'reserved')).toHaveLength(3)
      expect(results.find(({ type }) => type === 'exhausted')).toEqual({
        type: 'exhausted',
        scope: 'agent',
        limit: 1000,
        spent: 900,
        resetsAt: '2026-04-02T00:00:00.000Z',
      })
    })

    test('B1 the namespace’s ceiling counts all its agents, and no other namespace', async () => {
      const reserve = (agent: ReturnType<typeof agentKey>, key: string) =>
        store.spend.reserve({ key, agent, tokens: 600, namespaceLimit: 1000 })
      expect(await reserve(agentKey('a'), '1')).toEqual({ type: 'reserved' })
      expect(await reserve(agentKey('b'), '2')).toMatchObject({
        type: 'exhausted',
        scope: 'namespace',
        spent: 600,
      })
      expect(await reserve(agentKey('b', 'elsewhere'), '3')).toEqual({ type: 'reserved' })
    })

    test('W25 reserving and settling again changes nothing', async () => {
      const request = { key: 'k', agent: agentKey(), tokens: 500 }
      await store.spend.reserve(request)
      await store.spend.reserve(request)
      expect(await store.spend.spentToday(agentKey())).toEqual({ agent: 500, namespace: 500 })
      await store.spend.settle({ key: 'k', tokens: 120 })
      await store.spend.settle({ key: 'k', tokens: 999 })
      await store.spend.reserve(request)
      expect(await store.spend.spentToday(agentKey())).toEqual({ agent: 120, namespace: 120 })
    })

    test('settling what was never reserved is ignored', async () => {
      await store.spend.settle({ key: 'unknown', tokens: 10 })
      expect(await store.spend.spentToday(agentKey())).toEqual({ agent: 0, namespace: 0 })
    })

    test('a new day starts at zero, and a late answer is charged to the day of its call', async () => {
      await store.spend.reserve({ key: 'k', agent: agentKey(), tokens: 900, agentLimit: 1000 })
      clock.advance(24 * 3600 * 1000)
      expect(await store.spend.spentToday(agentKey())).toEqual({ agent: 0, namespace: 0 })
      await store.spend.settle({ key: 'k', tokens: 100 })
      expect(await store.spend.spentToday(agentKey())).toEqual({ agent: 0, namespace: 0 })
      expect(
        await store.spend.reserve({ key: 'k2', agent: agentKey(), tokens: 900, agentLimit: 1000 }),
      ).toEqual({
        type: 'reserved',
      })
    })

    const owned = async () => {
      const task = taskOf()
      await store.tasks.submit({ task, records: [submitted(task)] })
      const lease = await store.tasks.lease({ agent: agentKey(), holder: 'pod', leaseMs: 10_000, waitMs: 0 })
      return { task, proof: { task: task.id, fence: lease?.fence ?? 0 } }
    }

    test('B2 a call reserves its estimate and its longest answer, and its answer settles what was used', async () => {
      const { task, proof } = await owned()
      const { reservation } = await store.tasks.reserve({ ...proof, record: requested(task) })
      expect(reservation).toEqual({ type: 'reserved' })
      expect(await store.spend.spentToday(agentKey())).toEqual({ agent: 500, namespace: 500 })
      await store.tasks.append({ ...proof, records: [responded(task)] })
      expect(await store.spend.spentToday(agentKey())).toEqual({ agent: 100, namespace: 100 })
    })

    test('F29 an answer without usage costs what was reserved', async () => {
      const { task, proof } = await owned()
      await store.tasks.reserve({ ...proof, record: requested(task) })
      await store.tasks.append({ ...proof, records: [responded(task, { usage: {} })] })
      expect(await store.spend.spentToday(agentKey())).toMatchObject({ agent: 500 })
    })

    test('a call that no model answered costs nothing, one that timed out costs its reservation', async () => {
      const { task, proof } = await owned()
      const { step, attempt } = task
      for (const [turn, code] of ['ModelRateLimited', 'ModelTimeout'].entries()) {
        await store.tasks.reserve({ ...proof, record: requested(task, { turn }) })
        const failed = {
          type: 'llm.failed',
          step,
          attempt,
          turn,
          code,
          message: code,
          durationMs: 1,
        } as const
        await store.tasks.append({ ...proof, records: [failed] })
      }
      expect(await store.spend.spentToday(agentKey())).toMatchObject({ agent: 500 })
    })

    test('an exhausted ceiling leaves no trace of a call in the journal', async () => {
      const { task, proof } = await owned()
      const { reservation } = await store.tasks.reserve({
        ...proof,
        record: requested(task),
        agentLimit: 499,
      })
      expect(reservation).toMatchObject({ type: 'exhausted', scope: 'agent', limit: 499, spent: 0 })
      const records = await store.journal.read({ run: runKey().uid })
      expect(records.map(({ type }) => type)).not.toContain('llm.requested')
    })

    test('F01 the turn an earlier owner had reserved is not reserved twice', async () => {
      const { task, proof } = await owned()
      await store.tasks.reserve({ ...proof, record: requested(task) })
      clock.advance(10_000)
      await store.tasks.lease({ agent: agentKey(), holder: 'pod-2', leaseMs: 10_000, waitMs: 0 })
      await store.tasks.reserve({ task: task.id, fence: 2, record: requested(task), agentLimit: 500 })
      expect(await store.spend.spentToday(agentKey())).toMatchObject({ agent: 500 })
    })
  })
}
