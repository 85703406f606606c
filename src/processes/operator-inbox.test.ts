// What the operator makes of accepted deliveries.

import { afterEach, expect, test, vi } from 'vitest'
import { swarmEvents, swarmRuns, type SwarmEvent, type SwarmRun } from '../api/v1alpha1/index.ts'
import {
  closeAll,
  namespace,
  start,
  setUp,
  createPipeline,
  read,
  untilPhase,
  webhook,
  entryNamed,
  deliver,
} from './operator.fixtures.ts'

afterEach(closeAll)

test('an accepted delivery starts its run once, also when the operator was away (P1)', async () => {
  const { resources, store, operator } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmEvents, webhook())
  await deliver(store, 'd1', 'pagerduty-d1')
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d1'))
  await operator.close()
  await deliver(store, 'd2', 'pagerduty-d2')
  await start({ resources, store })
  const run = await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d2'))
  expect(run.metadata.labels).toMatchObject({
    'kubeswarm.io/event': 'pagerduty',
    'kubeswarm.io/team': 'incident-responder',
  })
  await vi.waitFor(async () => expect(await store.inbox.pending()).toEqual([]))
  expect(resources.writes.filter((write) => write.startsWith('create swarmruns/'))).toHaveLength(2)
})

test('concurrencyPolicy Forbid starts nothing while an earlier run works', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmEvents, webhook({ concurrencyPolicy: 'Forbid' }))
  await deliver(store, 'd1', 'pagerduty-d1')
  await untilPhase(resources, 'pagerduty-d1', 'Running')
  await deliver(store, 'd2', 'pagerduty-d2')
  await vi.waitFor(async () => expect(await store.inbox.pending()).toEqual([]))
  expect(await resources.get(swarmRuns, { namespace, name: 'pagerduty-d2' })).toBeUndefined()
})

test('W2 concurrencyPolicy Replace ends the earlier run, and of several that wait the latest follows it', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmEvents, webhook({ concurrencyPolicy: 'Replace' }))
  await deliver(store, 'd1', 'pagerduty-d1')
  await untilPhase(resources, 'pagerduty-d1', 'Running')
  await Promise.all(['d2', 'd3', 'd4'].map((name) => deliver(store, name, `pagerduty-${name}`)))
  await untilPhase(resources, 'pagerduty-d1', 'Cancelled')
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d4'))
  await vi.waitFor(async () => expect(await store.inbox.pending()).toEqual([]))
  expect((await resources.list(swarmRuns)).items.map(({ metadata }) => metadata.name).toSorted()).toEqual([
    'pagerduty-d1',
    'pagerduty-d4',
  ])
})

test('F87 runs beyond maxUnfinished wait for others to end, in order, and the status says so', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  const source = { type: 'webhook' as const, webhook: { storm: { maxUnfinished: 1 } } }
  const { metadata } = await resources.create(swarmEvents, webhook({ source }))
  for (const name of ['d1', 'd2']) await deliver(store, name, `pagerduty-${name}`, metadata.uid)
  await untilPhase(resources, 'pagerduty-d1', 'Running')
  await vi.waitFor(async () =>
    expect((await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status).toMatchObject({
      firedCount: 1,
      lastRunName: 'pagerduty-d1',
      waitingCount: 1,
    }),
  )
  expect(await resources.get(swarmRuns, { namespace, name: 'pagerduty-d2' })).toBeUndefined()
  await resources.patch(swarmRuns, { namespace, name: 'pagerduty-d1' }, { spec: { cancel: true } })
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d2'))
  await vi.waitFor(async () => {
    const { status } = await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')
    expect(status).toMatchObject({ firedCount: 2 })
    expect(status).not.toHaveProperty('waitingCount')
  })
})

test('W2 with scope subject, runs about one subject follow each other and others do not wait', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  const source = { type: 'webhook' as const, webhook: { storm: { scope: 'subject' as const } } }
  await resources.create(swarmEvents, webhook({ source }))
  for (const [delivery, key] of [
    ['d1', 'Q1'],
    ['d2', 'Q1'],
    ['d3', 'Q2'],
  ] as const)
    await store.inbox.accept({ ...entryNamed(delivery, `pagerduty-${delivery}`), subject: { key } })
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d3'))
  await untilPhase(resources, 'pagerduty-d1', 'Running')
  expect(await resources.get(swarmRuns, { namespace, name: 'pagerduty-d2' })).toBeUndefined()
  expect((await read<SwarmRun>(resources, swarmRuns, 'pagerduty-d1')).metadata.annotations).toEqual({
    'kubeswarm.io/subject': 'Q1',
  })
  await resources.patch(swarmRuns, { namespace, name: 'pagerduty-d1' }, { spec: { cancel: true } })
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d2'))
})

test('F89 a target that is refused holds up neither the other target nor the next delivery', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  const { metadata } = await resources.create(swarmEvents, webhook())
  const entry = entryNamed('d1', 'pagerduty-d1-0', metadata.uid)
  await store.inbox.accept({
    ...entry,
    runs: [
      { name: 'pagerduty-bad', target: 0, manifest: {} },
      ...entry.runs.map((run) => ({ ...run, target: 1 })),
    ],
  })
  await deliver(store, 'd2', 'pagerduty-d2', metadata.uid)
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d1-0'))
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d2'))
  await vi.waitFor(async () =>
    expect((await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status).toMatchObject({
      firedCount: 2,
      droppedCount: 1,
      drops: [{ reason: 'Refused', count: 1 }],
    }),
  )
})
