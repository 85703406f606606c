import { expect, test } from 'vitest'
import { apiVersion, type SwarmRun } from '../../api/v1alpha1/index.ts'
import { createManualClock } from '../../ports/manual-clock.ts'
import { createIndexedCache } from '../reconcile/indexed-cache.ts'
import { byEvent } from '../caches.ts'
import { eventOfRun } from './event-run.ts'
import { createUnfinishedRuns } from './unfinished-runs.ts'

const event = { namespace: 'n', name: 'pagerduty' }
const runOf = (name: string, phase: 'Running' | 'Succeeded'): SwarmRun => ({
  apiVersion,
  kind: 'SwarmRun',
  metadata: { name, namespace: 'n', labels: { 'kubeswarm.io/event': 'pagerduty' } },
  spec: { agent: 'a', prompt: 'p' },
  status: { phase },
})
const place = (name: string) => ({ name, target: 'agent a' })

const setUp = () => {
  const clock = createManualClock()
  const cache = createIndexedCache<SwarmRun>({ [byEvent]: (run) => [eventOfRun(run) ?? []].flat() })
  const running = createUnfinishedRuns({ runs: cache, clock })
  return { clock, cache, running, names: () => running.of(event).map(({ name }) => name) }
}

test('a run counts from its creation on, before the cache has heard of it, until its end', () => {
  const { cache, running, names } = setUp()
  running.created(event, place('r1'))
  expect(names()).toEqual(['r1'])
  cache.put(runOf('r1', 'Running'))
  expect(names()).toEqual(['r1'])
  cache.put(runOf('r1', 'Succeeded'))
  expect(names()).toEqual([])
})

test('a run that the cache knows to be over does not count again when its creation is told late', () => {
  const { cache, running, names } = setUp()
  cache.put(runOf('r1', 'Succeeded'))
  running.created(event, place('r1'))
  expect(names()).toEqual([])
})

test('a run of another event does not count', () => {
  const { running, names } = setUp()
  running.created({ namespace: 'n', name: 'other' }, place('r1'))
  expect(names()).toEqual([])
})

test('a run that never appears holds its place for five minutes, not for ever', () => {
  const { clock, running, names } = setUp()
  running.created(event, place('r1'))
  clock.advance(299_000)
  expect(names()).toEqual(['r1'])
  clock.advance(2_000)
  expect(names()).toEqual([])
})
