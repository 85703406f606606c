// Runs under the whole operator: they pass their phases once, whoever starts, stops or deletes meanwhile.

import { afterEach, expect, test, vi } from 'vitest'
import {
  apiVersion,
  swarmAgents,
  swarmRuns,
  swarmTeams,
  type SwarmRun,
  type SwarmTeam,
} from '../api/v1alpha1/index.ts'
import { verifyChain } from '../domain/journal/hash-chain.ts'
import { deployments, secrets } from '../operator/builtin-kinds.ts'
import {
  closeAll,
  namespace,
  start,
  setUp,
  meta,
  agentNamed,
  team,
  runNamed,
  roles,
  createPipeline,
  play,
  read,
  untilPhase,
} from './operator.fixtures.ts'

afterEach(closeAll)

test('a three-step run goes from Pending over Running to Succeeded, and every phase can be watched', async () => {
  const { resources, store } = await setUp()
  const phases: (string | undefined)[] = []
  const stop = new AbortController()
  void (async () => {
    for await (const event of resources.watch<SwarmRun>(swarmRuns, {
      resourceVersion: '0',
      signal: stop.signal,
    }))
      if (event.type !== 'BOOKMARK' && phases.at(-1) !== event.object.status?.phase)
        phases.push(event.object.status?.phase)
  })()
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  expect(await play(store, 'incident-investigator', 'the database is down')).toContain('High error rate')
  expect(await play(store, 'incident-diagnostician', 'failover')).toContain('the database is down')
  expect(await play(store, 'incident-notifier', 'posted')).toContain('failover')
  await untilPhase(resources, 'incident-001', 'Succeeded')
  stop.abort()
  expect(phases.filter((each) => each !== undefined)).toEqual(['Pending', 'Running', 'Succeeded'])
  const { status } = await read<SwarmRun>(resources, swarmRuns, 'incident-001')
  expect(status).toMatchObject({ output: 'posted', totalTokenUsage: { totalTokens: 45 } })
  expect(status?.steps?.map((step) => step.phase)).toEqual(['Succeeded', 'Succeeded', 'Succeeded'])
  await vi.waitFor(async () =>
    expect((await read<SwarmTeam>(resources, swarmTeams, 'incident-responder')).status).toMatchObject({
      lastRunName: 'incident-001',
      lastRunPhase: 'Succeeded',
    }),
  )
})

test('after the end nothing is written any more (W1, K2)', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  for (const role of roles) await play(store, `incident-${role}`, 'done')
  await untilPhase(resources, 'incident-001', 'Succeeded')
  await vi.waitFor(async () =>
    expect((await read<SwarmTeam>(resources, swarmTeams, 'incident-responder')).status?.lastRunPhase).toBe(
      'Succeeded',
    ),
  )
  await new Promise((resolve) => setTimeout(resolve, 200))
  const before = [...resources.writes]
  // Something else happens nearby: the finished run must not stir.
  await resources.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: meta('unrelated') })
  await new Promise((resolve) => setTimeout(resolve, 4_000))
  expect(resources.writes.slice(before.length)).toEqual(['create secrets/unrelated'])
})

test('a refused status write delays no step and submits none twice (W6, F62)', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  for (let times = 0; times < 5; times += 1)
    resources.failOnce((write) => write === 'status swarmruns/incident-001', 409)
  await resources.create(swarmRuns, runNamed('incident-001'))
  for (const role of roles) await play(store, `incident-${role}`, 'done')
  await untilPhase(resources, 'incident-001', 'Succeeded')
  const { uid = '' } = (await read<SwarmRun>(resources, swarmRuns, 'incident-001')).metadata
  const records = await store.journal.read({ run: uid })
  expect(records.filter(({ type }) => type === 'step.submitted')).toHaveLength(3)
})

const fiveMegabytes = [
  { what: 'letters', output: 'x'.repeat(5 * 1024 * 1024) },
  {
    what: 'control characters, half characters and emoji',
    output: '\u0000\u001B[2J\ud800😀\u202E'.repeat(400_000),
  },
]
const sizeOf = (value: object): number => Buffer.byteLength(JSON.stringify(value))

test.each(fiveMegabytes)(
  'F65 F93 C3 an output of 5 MB of $what is kept whole, and the object stays small',
  async ({ output }) => {
    const { resources, store } = await setUp()
    await createPipeline(resources)
    await resources.create(swarmRuns, runNamed('incident-001'))
    await play(store, 'incident-investigator', 'found')
    await play(store, 'incident-diagnostician', 'failover')
    await play(store, 'incident-notifier', output)
    await untilPhase(resources, 'incident-001', 'Succeeded')
    const run = await read<SwarmRun>(resources, swarmRuns, 'incident-001')
    expect(sizeOf(run)).toBeLessThan(256 * 1024)
    const { outputRef } = run.status ?? {}
    expect(outputRef?.bytes).toBeGreaterThan(5_000_000)
    const { uid = '' } = run.metadata
    expect(await store.journal.content(outputRef?.sha256 ?? '', { run: uid })).toBe(output.toWellFormed())
  },
)

test('F65 W5 an output that is too long for the step that reads it ends the run, and nothing is submitted twice', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  await play(store, 'incident-investigator', 'x'.repeat(5 * 1024 * 1024))
  await untilPhase(resources, 'incident-001', 'Failed')
  const run = await read<SwarmRun>(resources, swarmRuns, 'incident-001')
  expect(sizeOf(run)).toBeLessThan(256 * 1024)
  expect(run.status?.conditions?.[0]?.message).toMatch(/step "diagnostician" failed with TemplateError/)
  const records = await store.journal.read({ run: run.metadata.uid ?? '' })
  expect(records.filter(({ type }) => type === 'step.submitted')).toHaveLength(1)
})

test('a run of an unknown agent or team fails at once and names it (W16)', async () => {
  const { resources } = await setUp()
  await resources.create(swarmRuns, runNamed('lost', { teamRef: 'nobody' }))
  await untilPhase(resources, 'lost', 'Failed')
  const { status } = await read<SwarmRun>(resources, swarmRuns, 'lost')
  expect(status).toMatchObject({ reason: 'TeamNotFound' })
  expect(status?.conditions?.find(({ type }) => type === 'Succeeded')).toMatchObject({ status: 'False' })
  expect(status?.conditions?.[0]?.message).toContain('nobody')
})

test('everything applied in one breath starts: a lagging cache refuses nothing (F61)', async () => {
  const { resources, store } = await setUp()
  await Promise.all([
    resources.create(swarmRuns, runNamed('incident-001')),
    resources.create(swarmTeams, team),
    ...roles.map((role) => resources.create(swarmAgents, agentNamed(`incident-${role}`))),
  ])
  expect(await play(store, 'incident-investigator', 'found')).toContain('High error rate')
})

test('a run that is deleted while it works is cancelled, and nothing holds the deletion up (F67)', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  const run = await resources.create(swarmRuns, runNamed('incident-001'))
  const agent = { namespace, name: 'incident-investigator' }
  const lease = await store.tasks.lease({ agent, holder: 'test', leaseMs: 10_000, waitMs: 5_000 })
  await resources.delete(swarmRuns, run.metadata)
  expect(await resources.get(swarmRuns, run.metadata)).toBeUndefined()
  const { id: task = '' } = lease?.task ?? {}
  const fence = lease?.fence ?? 0
  await vi.waitFor(async () =>
    expect((await store.tasks.heartbeat({ task, fence, leaseMs: 10_000 })).cancelled).toBeDefined(),
  )
  const { step = '', attempt = 0 } = lease?.task ?? {}
  await store.tasks.finish({
    task,
    fence,
    records: [{ type: 'task.cancelled', step, attempt, task, reason: 'told to' }],
  })
  await vi.waitFor(async () =>
    expect(await store.journal.find({ namespace, name: 'incident-001' })).toMatchObject({
      phase: 'Cancelled',
    }),
  )
})

test('a run whose agent is deleted fails at its step and says so, instead of waiting for ever (F67)', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  await play(store, 'incident-investigator', 'found')
  await untilPhase(resources, 'incident-001', 'Running')
  await resources.delete(swarmAgents, meta('incident-diagnostician'))
  await untilPhase(resources, 'incident-001', 'Failed')
  const { status } = await read<SwarmRun>(resources, swarmRuns, 'incident-001')
  expect(status?.conditions?.find(({ type }) => type === 'Succeeded')?.message).toContain(
    'SwarmAgent "incident-diagnostician" was deleted',
  )
})

test('an operator that starts anew goes on where the last one stopped, and repeats nothing', async () => {
  const { resources, store, operator } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  await play(store, 'incident-investigator', 'found')
  await operator.close()
  await start({ resources, store })
  await play(store, 'incident-diagnostician', 'failover')
  await play(store, 'incident-notifier', 'posted')
  await untilPhase(resources, 'incident-001', 'Succeeded')
  const { uid = '' } = (await read<SwarmRun>(resources, swarmRuns, 'incident-001')).metadata
  const submitted = (await store.journal.read({ run: uid })).filter(({ type }) => type === 'step.submitted')
  expect(submitted).toHaveLength(3)
})

test('F02 a run that ended with an unknown outcome goes on at a person’s word, also after the operator was away', async () => {
  const { resources, store, operator } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  const { uid = '' } = (await read<SwarmRun>(resources, swarmRuns, 'incident-001')).metadata
  const run = { namespace, name: 'incident-001', uid }
  const call = { step: 'investigator', turn: 1, call: 0, server: 'slack', tool: 'post_message' }
  const breakOff = async (attempt: number) => {
    const agent = { namespace, name: 'incident-investigator' }
    const lease = await store.tasks.lease({ agent, holder: 'test', leaseMs: 10_000, waitMs: 5_000 })
    if (lease === undefined) throw new Error('expected a task')
    const { fence, task } = lease
    const place = { ...call, attempt }
    await store.tasks.finish({
      task: task.id,
      fence,
      records: [
        { type: 'tool.intended', ...place, arguments: {}, effect: 'write', idempotencyKey: 'key' },
        { type: 'tool.outcome-unknown', ...place, message: 'nobody knows' },
        {
          type: 'task.failed',
          step: task.step,
          attempt,
          task: task.id,
          code: 'OutcomeUnknown',
          message: 'nobody knows',
          retryable: false,
          usage: {},
        },
      ],
    })
    await untilPhase(resources, 'incident-001', 'Failed')
    return task
  }
  const speak = (attempt: number, outcome: 'done' | 'not-done') =>
    store.journal.append({
      run,
      records: [
        { type: 'tool.resolved', ...call, attempt, outcome, by: 'alice' },
        { type: 'run.reopened', round: attempt + 1, by: 'alice' },
      ],
    })

  await breakOff(1)
  const { status } = await read<SwarmRun>(resources, swarmRuns, 'incident-001')
  expect(status).toMatchObject({ reason: 'OutcomeUnknown' })
  expect(status?.conditions?.map(({ type }) => type)).toContain('OutcomeUnknown')

  await speak(1, 'not-done')
  await untilPhase(resources, 'incident-001', 'Running')
  expect(await breakOff(2)).toMatchObject({ attempt: 2, continues: 1 })

  await operator.close()
  await speak(2, 'done')
  await start({ resources, store })
  for (const role of roles) await play(store, `incident-${role}`, 'done')
  await untilPhase(resources, 'incident-001', 'Succeeded')
  const end = (await read<SwarmRun>(resources, swarmRuns, 'incident-001')).status
  expect(end?.conditions?.map(({ type }) => type)).toEqual(['Succeeded'])
  const records = await store.journal.read({ run: uid })
  expect(verifyChain(records).type).toBe('intact')
})

test('two operators at the same time submit every step once (F63, K1)', async () => {
  const { resources, store } = await setUp()
  await start({ resources, store })
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  for (const role of roles) await play(store, `incident-${role}`, 'done')
  await untilPhase(resources, 'incident-001', 'Succeeded')
  const { uid = '' } = (await read<SwarmRun>(resources, swarmRuns, 'incident-001')).metadata
  const records = await store.journal.read({ run: uid })
  expect(records.filter(({ type }) => type === 'step.submitted')).toHaveLength(3)
  expect(records.filter(({ type }) => type === 'run.finished')).toHaveLength(1)
})

test('W13 W17 an agent of two teams that has a daily limit starts, and the runs of both teams succeed', async () => {
  const { resources, store } = await setUp()
  const shared = agentNamed('shared', { guardrails: { limits: { dailyTokens: 100_000 } } })
  await resources.create(swarmAgents, shared)
  for (const name of ['one', 'two']) {
    const spec = { roles: [{ name: 'worker', swarmAgent: 'shared' }], pipeline: [{ role: 'worker' }] }
    await resources.create(swarmTeams, { apiVersion, kind: 'SwarmTeam', metadata: meta(name), spec })
    await resources.create(swarmRuns, runNamed(`run-${name}`, { teamRef: name }))
  }
  await play(store, 'shared', 'done')
  await play(store, 'shared', 'done')
  for (const name of ['one', 'two']) await untilPhase(resources, `run-${name}`, 'Succeeded')
  await vi.waitFor(() => read(resources, deployments, 'shared-agent'))
  expect((await store.policies.get({ namespace, name: 'shared' }))?.limits.dailyTokens?.value).toBe(100_000)
})
