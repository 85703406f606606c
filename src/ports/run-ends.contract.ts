// What every store must keep of ends: a finished run is news until it is settled, once, and a run that goes on is none.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createManualClock } from './manual-clock.ts'
import type { Store } from './store.ts'
import { finished, runKey, started, type StoreFactory } from './store.fixtures.ts'

export const runEndsContract = ({ open }: StoreFactory): void => {
  describe('run ends', () => {
    let store: Store
    beforeEach(async () => {
      store = await open({ clock: createManualClock() })
    })
    afterEach(() => store.close())

    test('a run that finishes is news until it is settled, and never again', async () => {
      const run = runKey()
      let heard = 0
      store.ends.subscribe(() => void heard++)
      await store.journal.append({ run, records: [started()] })
      expect([await store.ends.pending(), heard]).toEqual([[], 0])
      await store.journal.append({ run, records: [finished()] })
      expect(heard).toBe(1)
      expect(await store.ends.pending()).toEqual([
        {
          run,
          seq: 2,
          phase: 'Succeeded',
          reason: 'AllStepsSucceeded',
          message: 'all steps succeeded',
          endedAt: '2026-04-01T02:52:00.000Z',
        },
      ])
      await store.ends.settle({ run: run.uid, seq: 2 })
      await store.journal.append({ run, records: [finished()] })
      expect([await store.ends.pending(), heard]).toEqual([[], 1])
    })

    test('a run without a journal ends by its own news, the first of which stands', async () => {
      const end = {
        run: runKey('refused'),
        seq: 0,
        phase: 'Failed',
        reason: 'InvalidInput',
        message: 'spec.input.alert: is missing',
        endedAt: '2026-04-01T02:52:00.000Z',
        team: 'incident-responder',
      } as const
      await store.ends.add(end)
      await store.ends.add({ ...end, reason: 'TeamNotFound' })
      expect(await store.ends.pending()).toEqual([end])
    })

    test('the oldest comes first', async () => {
      const end = (name: string, endedAt: string) =>
        ({ run: runKey(name), seq: 0, phase: 'Failed', reason: 'r', message: 'm', endedAt }) as const
      await store.ends.add(end('b', '2026-04-01T02:53:00.000Z'))
      await store.ends.add(end('a', '2026-04-01T02:52:00.000Z'))
      expect((await store.ends.pending()).map(({ run }) => run.name)).toEqual(['a', 'b'])
    })
  })
}
