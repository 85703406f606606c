// Two operators that tell of the same run: what the newer one has told stays.

import { expect, test } from 'vitest'
import { createMemoryResources } from '../adapters/kubernetes/testing/memory-resources.ts'
import { swarmRuns, type SwarmRun, type SwarmRunStatus } from '../api/v1alpha1/index.ts'
import { createStatusWrite } from '../operator/controllers/run-status-write.ts'

const name = { namespace: 'incident-response', name: 'incident-001' }

const setUp = async () => {
  const resources = createMemoryResources()
  const created = await resources.create<SwarmRun>(swarmRuns, {
    apiVersion: 'kubeswarm.io/v1alpha1',
    kind: 'SwarmRun',
    metadata: name,
    spec: { teamRef: 'incident-responder' },
  })
  const overtakenBy: (SwarmRun | undefined)[] = []
  const operator = () =>
    createStatusWrite({
      resources,
      run: { ...name, uid: created.metadata.uid ?? '' },
      version: created.metadata.resourceVersion,
      overtaken: (current) => overtakenBy.push(current),
    })
  const phase = async () => (await resources.get<SwarmRun>(swarmRuns, name))?.status?.phase
  return { resources, operator, overtakenBy, phase }
}
const pending: SwarmRunStatus = { phase: 'Pending' }
const running: SwarmRunStatus = { phase: 'Running' }
const succeeded: SwarmRunStatus = { phase: 'Succeeded' }

test('K1 D8 F63 an operator that was stopped cannot turn a finished run back', async () => {
  const { operator, overtakenBy, phase } = await setUp()
  const [stopped, leader] = [operator(), operator()]
  await leader(running, undefined)
  await leader(succeeded, running)
  await stopped(pending, undefined)
  expect(await phase()).toBe('Succeeded')
  expect(overtakenBy).toMatchObject([{ status: succeeded }])
})

test('a change of the spec in between holds no status up', async () => {
  const { resources, operator, overtakenBy, phase } = await setUp()
  const write = operator()
  await write(pending, undefined)
  await resources.patch(swarmRuns, name, { spec: { cancel: true } })
  await write(running, pending)
  expect(await phase()).toBe('Running')
  expect(overtakenBy).toEqual([])
})

test('the status of a deleted run is not written on its successor of the same name', async () => {
  const { resources, operator, overtakenBy, phase } = await setUp()
  const write = operator()
  await write(pending, undefined)
  const { spec } = (await resources.get<SwarmRun>(swarmRuns, name)) as SwarmRun
  await resources.delete(swarmRuns, name)
  await resources.create<SwarmRun>(swarmRuns, {
    apiVersion: 'kubeswarm.io/v1alpha1',
    kind: 'SwarmRun',
    metadata: name,
    spec,
  })
  await write(running, pending)
  expect(await phase()).toBeUndefined()
  expect(overtakenBy).toEqual([undefined])
})

test('nothing is written when nothing changed', async () => {
  const { resources, operator } = await setUp()
  const write = operator()
  await write(running, undefined)
  const before = resources.writes.length
  await write(running, running)
  expect(resources.writes).toHaveLength(before)
})
