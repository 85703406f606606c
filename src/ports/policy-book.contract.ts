// What every policy book must keep.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createManualClock } from './manual-clock.ts'
import type { Store } from './store.ts'
import { agentKey, policyOf, type StoreFactory } from './store.fixtures.ts'

export const policyBookContract = ({ open }: StoreFactory): void => {
  describe('policy book', () => {
    let store: Store
    beforeEach(async () => {
      store = await open({ clock: createManualClock() })
    })
    afterEach(() => store.close())

    test('an agent without an entry has no policy', async () => {
      expect(await store.policies.get(agentKey())).toBeUndefined()
    })

    test('F68 the newest revision is read at once, and the same one is not written again', async () => {
      expect(await store.policies.put(policyOf())).toBe(true)
      expect(await store.policies.put(policyOf())).toBe(false)
      expect(await store.policies.put(policyOf({ revision: 'r2' }))).toBe(true)
      expect(await store.policies.get(agentKey())).toEqual(policyOf({ revision: 'r2' }))
    })

    test('agents of the same name in two namespaces have two policies', async () => {
      await store.policies.put(policyOf())
      expect(await store.policies.get(agentKey(undefined, 'elsewhere'))).toBeUndefined()
    })

    test('listeners hear of writes and removals only', async () => {
      const heard: string[] = []
      store.policies.subscribe(({ name }) => heard.push(name))
      await store.policies.put(policyOf())
      await store.policies.put(policyOf())
      await store.policies.remove(agentKey())
      await store.policies.remove(agentKey())
      expect(heard).toEqual(['incident-investigator', 'incident-investigator'])
      expect(await store.policies.get(agentKey())).toBeUndefined()
    })
  })
}
