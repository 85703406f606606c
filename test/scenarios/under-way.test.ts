// Work while it waits and while it is under way, and what ends it, with real processes. The model never answers by
// itself: whatever ends its call can only be the cancellation, the deadline or the deletion. Times are printed, promises
// are asserted.

import { copyFileSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SwarmRun } from '../../src/api/v1alpha1/index.ts'
import type { JournalRecord } from '../../src/domain/journal/record.ts'
import { Bench } from '../chaos/bench.ts'
import { canSeeProcesses } from './support/processes.ts'
import { ledgerOf, namespace, recordsOf, runPath } from './support/story.ts'
import { swarm } from './support/swarm.ts'

if (!canSeeProcesses) console.log('skipped: agents are found by /proc, which this machine does not have')

describe.skipIf(!canSeeProcesses)('work under way', () => {
  const bench = new Bench({
    leaseSeconds: 2,
    edit: (copy) =>
      copy.edit('diagnostician-agent.yaml', [
        '      timeoutSeconds: 120',
        '      timeoutSeconds: 120\n      concurrentTasks: 1',
      ]),
  })
  const kinds = `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}`
  beforeAll(async () => {
    await bench.start()
  })
  afterAll(async () => {
    await bench.close()
  })

  const ask = (...args: readonly string[]) =>
    swarm([...args, '-n', namespace], { environment: { KUBECONFIG: bench.kubeconfig } })
  const command = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await ask(...args)
    expect(exitCode, stderr).toBe(0)
    return stdout
  }
  const create = async (name: string, spec: object): Promise<string> => {
    await bench.api.ok('POST', `${kinds}/swarmruns`, {
      body: { apiVersion: 'kubeswarm.io/v1alpha1', kind: 'SwarmRun', metadata: { name, namespace }, spec },
    })
    return name
  }
  const story = (more: object = {}) => ({
    teamRef: 'incident-responder',
    input: { alert: 'High error rate on payments-api' },
    ...more,
  })
  const ended = async (run: string): Promise<SwarmRun> =>
    bench.api.until<SwarmRun>(runPath(run), ({ status }) =>
      ['Succeeded', 'Failed', 'Cancelled'].includes(status?.phase ?? ''),
    )
  const calls = async (): Promise<number> => {
    const ledgers = await Promise.all(
      (['slack', 'pagerduty', 'grafana'] as const).map((server) => ledgerOf({ api: bench.api, server })),
    )
    return ledgers.flat().length
  }
  const gone = async (path: string): Promise<void> => {
    while ((await bench.api.send('GET', path)).status !== 404)
      await new Promise((resolve) => setTimeout(resolve, 50))
  }
  /** The journal once it tells the end, of a run whose object may be gone. */
  const journalToItsEnd = async (run: string): Promise<readonly JournalRecord[]> => {
    for (;;) {
      const records = await bench.journal(run)
      if (records.at(-1)?.type === 'run.finished') return records
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const store = <Row>(sql: string): readonly Row[] => {
    // The store keeps others out while it is open.
    const copy = mkdtempSync(join(bench.directory, 'store-'))
    for (const file of ['kubeswarm.db', 'kubeswarm.db-wal'])
      copyFileSync(join(bench.directory, 'state', file), join(copy, file))
    const database = new DatabaseSync(join(copy, 'kubeswarm.db'))
    try {
      return database.prepare(sql).all() as Row[]
    } finally {
      database.close()
    }
  }
  const openTasks = () => store(`SELECT id, state FROM tasks WHERE state <> 'ended'`)
  const openReservations = () => store(`SELECT reservation_key FROM reservations WHERE settled = 0`)

  /** Holds the model, starts work, ends it in some way, and waits until the model sees its asker hang up. */
  const endInCall = async (
    what: string,
    start: () => Promise<string>,
    end: (run: string) => Promise<unknown>,
  ) => {
    const before = await calls()
    const asked = bench.silenceModel()
    const run = await start()
    const question = await asked
    const at = performance.now()
    await end(run)
    await question.left
    console.log(`${what}: the model call ended ${Math.round(performance.now() - at)} ms later`)
    return { run, before }
  }
  const nothingFollows = async (run: string, before: number) => {
    const records = await journalToItsEnd(run)
    const stopping = records.findIndex(({ type }) => type === 'run.stopping')
    const after = records.slice(stopping).map(({ type }) => type)
    expect(after).not.toContain('tool.intended')
    expect(after).not.toContain('llm.requested')
    expect(await calls()).toBe(before)
    expect(openTasks()).toEqual([])
    expect(openReservations()).toEqual([])
    return records
  }

  test('a task that waits shows for whom, for how long and which attempt it is', async () => {
    const agent = 'incident-diagnostician'
    const asked = bench.silenceModel()
    const first = await create('first', { agent, prompt: 'Diagnose P-48291.' })
    await asked
    const second = await create('second', { agent, prompt: 'Diagnose P-48291.' })
    const { status } = await bench.api.until<SwarmRun>(runPath(second), (run) =>
      (run.status?.steps?.[0]?.message ?? '').startsWith('waits for'),
    )
    expect(status?.steps?.[0]).toMatchObject({ phase: 'Pending', attempts: 1 })
    expect(status?.steps?.[0]?.message).toMatch(
      /^waits for agent "incident-diagnostician" to take it since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
    )
    expect(await command('describe', 'agent', agent)).toMatch(
      /^Queue: +1 task waits, the oldest for \d+\.\d+ s; 1 under way$/m,
    )
    expect(await command('describe', 'run', second)).toMatch(
      /^ +STEP +PHASE +AGENT +ATTEMPTS +QUEUED .*\n +\S+ +Pending +incident-diagnostician +1 +\d+\.\d+ s +0 +0 +waits for agent/m,
    )
    bench.wakeModel()
    for (const run of [first, second]) expect((await ended(run)).status?.phase).toBe('Succeeded')
    expect(await command('describe', 'agent', agent)).toMatch(/^Queue: +no task waits; 0 under way$/m)
  })

  test('W4 a cancellation ends the model call under way, is in the journal, and no call follows it', async () => {
    const { run, before } = await endInCall(
      'cancelled',
      () => bench.fire(),
      (name) =>
        bench.api.ok('PATCH', runPath(name), {
          contentType: 'application/merge-patch+json',
          body: { spec: { cancel: true } },
        }),
    )
    expect((await ended(run)).status).toMatchObject({ phase: 'Cancelled', reason: 'Cancelled' })
    const records = await nothingFollows(run, before)
    expect(recordsOf(records, 'llm.failed')).toMatchObject([{ code: 'TaskCancelled' }])
    expect(recordsOf(records, 'task.cancelled')).toMatchObject([{ reason: 'the run was cancelled' }])
    expect(recordsOf(records, 'run.finished')).toMatchObject([{ phase: 'Cancelled' }])
  })

  test('swarm cancel ends a run, and says so of one that is over or was never there', async () => {
    const { run, before } = await endInCall(
      'swarm cancel',
      () => create('by-command', story()),
      async (name) =>
        expect(await command('cancel', name)).toBe(
          `SwarmRun ${namespace}/${name} is told to stop. Next: swarm logs run/${name} -n ${namespace} -f\n`,
        ),
    )
    expect((await ended(run)).status?.phase).toBe('Cancelled')
    await nothingFollows(run, before)
    const again = await ask('cancel', `run/${run}`)
    expect([again.exitCode, again.stderr]).toEqual([2, expect.stringContaining('it is over (Cancelled)')])
    expect((await ask('cancel', 'nobody')).exitCode).toBe(3)
    expect((await ask('cancel', 'agent/incident-notifier')).exitCode).toBe(2)
  })

  test('W4 P6 the deadline of a run ends the model call under way', async () => {
    const { run, before } = await endInCall(
      'deadline of one second',
      () => create('short', story({ timeoutSeconds: 1 })),
      async () => undefined,
    )
    expect((await ended(run)).status).toMatchObject({ phase: 'Failed', reason: 'TimedOut' })
    const records = await nothingFollows(run, before)
    expect(recordsOf(records, 'llm.failed')).toHaveLength(1)
  })

  test('F67 a run that is deleted goes at once, its model call with it, and its journal tells the end', async () => {
    const { run, before } = await endInCall(
      'run deleted',
      () => create('deleted', story()),
      (name) => bench.api.ok('DELETE', runPath(name)),
    )
    await gone(runPath(run))
    const records = await nothingFollows(run, before)
    expect(recordsOf(records, 'run.finished')).toMatchObject([{ phase: 'Cancelled' }])
  })

  test('F67 a run whose team is deleted goes on with the team as it was', async () => {
    const asked = bench.silenceModel()
    const run = await create('teamless', story())
    await asked
    await bench.api.ok('DELETE', `${kinds}/swarmteams/incident-responder`)
    await gone(`${kinds}/swarmteams/incident-responder`)
    bench.wakeModel()
    expect((await ended(run)).status).toMatchObject({ phase: 'Succeeded' })
    expect(openTasks()).toEqual([])
  })

  test('F67 a run whose agent is deleted ends and says so; nothing of the agent is left', async () => {
    const agent = 'incident-investigator'
    const pids = bench.agentPids(`${agent}-agent`)
    expect(pids).not.toEqual([])
    const { run, before } = await endInCall(
      'agent deleted',
      () => create('agentless', { agent, prompt: 'Gather evidence for P-48291.' }),
      () => bench.api.ok('DELETE', `${kinds}/swarmagents/${agent}`),
    )
    const { status } = await ended(run)
    expect(status?.phase).toBe('Failed')
    expect(JSON.stringify(status)).toContain(`SwarmAgent \\"${agent}\\" was deleted`)
    await nothingFollows(run, before)
    for (const path of [
      `/apis/apps/v1/namespaces/${namespace}/deployments/${agent}-agent`,
      `/api/v1/namespaces/${namespace}/serviceaccounts/${agent}-agent`,
      `/api/v1/namespaces/${namespace}/configmaps/${agent}-prompt`,
    ])
      await gone(path)
    while (bench.agentPids(`${agent}-agent`).length > 0)
      await new Promise((resolve) => setTimeout(resolve, 50))
    expect(store(`SELECT agent FROM policies WHERE agent = '${agent}'`)).toEqual([])
  })

  test('F67 a namespace is deleted while no operator is there to help, and nothing of it is left', async () => {
    const { run } = await endInCall(
      'namespace deleted, operator and hub stopped',
      () => create('homeless', { agent: 'incident-diagnostician', prompt: 'Diagnose P-48291.' }),
      async () => {
        bench.kill('control-plane', 'SIGSTOP')
        await bench.api.ok('DELETE', `/api/v1/namespaces/${namespace}`)
      },
    )
    await gone(`/api/v1/namespaces/${namespace}`)
    expect(bench.pidsOf(/swarm\.js (agent|mock)/)).toEqual([])

    bench.kill('control-plane', 'SIGCONT')
    const records = await journalToItsEnd(run)
    // Which of the deletions is heard of first is chance: the run's own, or that of the agent it works with.
    const [finished] = recordsOf(records, 'run.finished')
    expect(finished).toMatchObject(
      finished?.phase === 'Cancelled'
        ? { reason: 'Cancelled' }
        : { phase: 'Failed', message: expect.stringContaining('was deleted') as string },
    )
    expect(openTasks()).toEqual([])
    while (store('SELECT agent FROM policies').length > 0)
      await new Promise((resolve) => setTimeout(resolve, 50))
  })
})
