// Schedules under the whole operator.

import { afterEach, expect, test, vi } from 'vitest'
import { swarmEvents, swarmRuns, type SwarmEvent, type SwarmRun } from '../api/v1alpha1/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Resources } from '../ports/resources.ts'
import {
  closeAll,
  namespace,
  start,
  setUp,
  meta,
  createPipeline,
  read,
  webhook,
} from './operator.fixtures.ts'
import { systemClock } from './system-clock.ts'

afterEach(closeAll)

const scheduled = (source: object, spec: object = {}): SwarmEvent =>
  webhook({
    source: { type: 'cron', ...source } as SwarmEvent['spec']['source'],
    targets: [{ team: 'incident-responder', input: { alert: 'Report at {{ .trigger.firedAt }}' } }],
    ...spec,
  })
const statusOf = async (resources: Resources) =>
  (await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status

test('W24 a schedule fires when it is due, once, and never for the time before it was made', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmEvents, scheduled({ cron: '0 * * * *' }))
  const { nextFireAt = '' } = await vi.waitFor(async () => {
    const status = await statusOf(resources)
    expect(status?.conditions).toMatchObject([{ type: 'Ready', status: 'True', reason: 'Active' }])
    expect(status?.firedCount).toBe(0)
    return status ?? {}
  })
  expect(Date.parse(nextFireAt) % 3_600_000).toBe(0)
  // Two other leaders, an hour and a minute later by their clocks.
  const later: Clock = { ...systemClock, now: () => Date.parse(nextFireAt) + 60_000 }
  await Promise.all([start({ resources, store }, {}, later), start({ resources, store }, {}, later)])
  const run = await vi.waitFor(async () => {
    const { items } = await resources.list<SwarmRun>(swarmRuns, { namespace })
    expect(items).toHaveLength(1)
    return items[0]
  })
  expect(run?.spec.input).toEqual({ alert: `Report at ${nextFireAt}` })
  await vi.waitFor(async () =>
    expect(await statusOf(resources)).toMatchObject({ firedCount: 1, scheduleFrom: nextFireAt }),
  )
})

test('a schedule that nobody can read, and one that rests, say so and fire nothing', async () => {
  const { resources } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmEvents, scheduled({ cron: '0 9 * * FUNDAY' }))
  const saysAs = (reason: string) =>
    vi.waitFor(async () => {
      const status = await statusOf(resources)
      expect(status?.conditions).toMatchObject([{ type: 'Ready', status: 'False', reason }])
      expect(status).not.toHaveProperty('nextFireAt')
    })
  await saysAs('InvalidCron')
  await resources.patch(swarmEvents, meta('pagerduty'), {
    spec: { source: { cron: '* * * * *' }, suspended: true },
  })
  await saysAs('Suspended')
})
