// What the operator keeps of runs that are over, and for how long.

import { afterEach, expect, test, vi } from 'vitest'
import { createMemoryResources } from '../adapters/kubernetes/testing/memory-resources.ts'
import { openSqliteStore } from '../adapters/sql/sqlite.ts'
import { swarmAgents, swarmRuns, swarmTeams, type SwarmRun } from '../api/v1alpha1/index.ts'
import { createManualClock } from '../ports/manual-clock.ts'
import {
  closeAll,
  namespace,
  open,
  start,
  setUp,
  agentNamed,
  team,
  runNamed,
  roles,
  play,
  untilPhase,
} from './operator.fixtures.ts'
import { systemClock } from './system-clock.ts'

afterEach(closeAll)

test('F66 the journal of a run whose resource is gone is kept for a week, that of a run that is there for good', async () => {
  const resources = createMemoryResources()
  const clock = createManualClock()
  const store = openSqliteStore({ path: ':memory:', clock })
  open.push(() => store.close())
  const kept = await resources.create(swarmRuns, {
    ...runNamed('kept'),
    status: { phase: 'Succeeded' },
  } as SwarmRun)
  const uids = { kept: kept.metadata.uid ?? '', gone: 'uid-gone', unfinished: 'uid-unfinished' }
  for (const [name, uid] of Object.entries(uids)) {
    const run = { namespace, name, uid }
    await store.journal.append({
      run,
      records: [
        { type: 'step.skipped', step: 's', reason: 'r', message: 'm' },
        ...(name === 'unfinished'
          ? []
          : [{ type: 'run.finished', phase: 'Succeeded', reason: 'r', message: 'm' } as const]),
      ],
    })
  }
  clock.advance(8 * 86_400_000)
  await store.journal.append({
    run: { namespace, name: 'yesterday', uid: 'uid-yesterday' },
    records: [{ type: 'run.finished', phase: 'Succeeded', reason: 'r', message: 'm' }],
  })
  clock.advance(86_400_000)
  await start({ resources, store }, {}, { ...systemClock, now: () => clock.now() })
  await vi.waitFor(async () => {
    const names = (await store.journal.runs({ limit: 10 })).map(({ name }) => name)
    expect(names.toSorted()).toEqual(['kept', 'unfinished', 'yesterday'])
  })
})

test('old runs go when the team’s history is full, and stay when the team is deleted (W19)', async () => {
  const { resources, store } = await setUp()
  for (const role of roles) await resources.create(swarmAgents, agentNamed(`incident-${role}`))
  await resources.create(swarmTeams, { ...team, spec: { ...team.spec, successfulRunsHistoryLimit: 1 } })
  for (const name of ['one', 'two']) {
    await resources.create(swarmRuns, runNamed(name))
    for (const role of roles) await play(store, `incident-${role}`, 'done')
    await untilPhase(resources, name, 'Succeeded')
  }
  await vi.waitFor(async () => expect((await resources.list(swarmRuns)).items).toHaveLength(1))
  // F66: what was kept of the run in the store goes with it.
  await vi.waitFor(async () =>
    expect((await store.journal.runs({ limit: 10 })).map(({ name }) => name)).toEqual(['two']),
  )
  await resources.delete(swarmTeams, team.metadata)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect((await resources.list(swarmRuns)).items).toHaveLength(1)
})

test('of the runs of an agent that an event started the newest stay, and what a person started stays', async () => {
  const { resources } = await setUp()
  const ended = (name: string, minute: number, labels: Readonly<Record<string, string>>): SwarmRun => ({
    ...runNamed(name, { agent: 'clerk', prompt: 'p' }),
    metadata: { name, namespace, labels },
    spec: { agent: 'clerk', prompt: 'p' },
    status: {
      phase: 'Succeeded',
      completionTime: new Date(Date.UTC(2026, 3, 23, 2, minute)).toISOString(),
    },
  })
  await resources.create(swarmRuns, ended('by-hand', 0, {}))
  for (let minute = 0; minute < 12; minute++)
    await resources.create(swarmRuns, ended(`alert-${minute}`, minute, { 'kubeswarm.io/event': 'pagerduty' }))
  await vi.waitFor(
    async () => {
      const names = (await resources.list(swarmRuns)).items.map(({ metadata }) => metadata.name)
      expect(names.toSorted()).toEqual(
        ['by-hand', ...Array.from({ length: 10 }, (_, index) => `alert-${index + 2}`)].toSorted(),
      )
    },
    { timeout: 10_000 },
  )
})
