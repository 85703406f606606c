// Made-up runs, brought from start to end in a store in memory before the first real one: nothing of them reaches a
// cluster, a model or a disk. The engine compiles a function when it is first called; a run should not wait for that
// at each of its steps. An agent does the same for its own part of the way.

import { openSqliteStore } from '../../adapters/sql/sqlite.ts'
import type { RunPhase } from '../../domain/journal/fold.ts'
import { runStatus } from '../../domain/run/status.ts'
import { takeSnapshot } from '../../domain/run/take-snapshot.ts'
import { createHubApp } from '../../hub/app.ts'
import { createHubMetrics } from '../../hub/metrics.ts'
import { paths, type LeaseReply } from '../../hub/wire.ts'
import { createRunEngine } from '../../operator/controllers/run-engine.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Store } from '../../ports/store.ts'
import { agentName, linesOf, madeUpPolicy, madeUpRun, madeUpTeam, namespace } from './made-up-run.ts'
import { silentLogger } from '../../ports/silent-logger.ts'

/** More of them gain nothing that a run would notice. */
const ROUNDS = 4

/** The phase that the last of the runs ended in: `Succeeded`, or something is wrong with the play. */
export const rehearseControlPlane = async (clock: Clock): Promise<RunPhase> => {
  const store = openSqliteStore({ path: ':memory:', clock })
  try {
    await store.policies.put(madeUpPolicy)
    const hub = hubOf({ store, clock })
    let phase: RunPhase = 'Pending'
    for (let round = 1; round <= ROUNDS; round++) phase = await perform({ store, hub, clock, round })
    return phase
  } finally {
    await store.close()
  }
}

type Hub = ReturnType<typeof createHubApp>

const hubOf = ({ store, clock }: { readonly store: Store; readonly clock: Clock }): Hub =>
  createHubApp({
    store,
    authenticator: {
      authenticate: () =>
        Promise.resolve({ username: `system:serviceaccount:${namespace}:${agentName}-agent`, groups: [] }),
      authorize: () => Promise.resolve(true),
    },
    events: { find: () => Promise.resolve(undefined), ended: () => Promise.resolve(undefined) },
    clock,
    logger: silentLogger,
    newId: () => 'rehearsal',
    closing: new AbortController().signal,
    leaseMs: 60_000,
    metrics: createHubMetrics(),
  })

const perform = async ({
  store,
  hub,
  clock,
  round,
}: {
  readonly store: Store
  readonly hub: Hub
  readonly clock: Clock
  readonly round: number
}): Promise<RunPhase> => {
  const run = { namespace, name: `rehearsal-${round}`, uid: `rehearsal-${round}` }
  const taken = takeSnapshot({ run: madeUpRun, team: madeUpTeam, agents: [agentName] })
  if (taken.type === 'invalid') return 'Failed'
  const { snapshot, snapshotHash } = taken
  await store.journal.append({ run, records: [{ type: 'run.started', snapshot, snapshotHash }] })

  const engine = createRunEngine({ run, store, clock, random: () => 0.5, salt: 'rehearsal' })
  const wish = { cancel: false, suspend: false, retries: () => 0 }
  for (const _ of snapshot.steps) {
    await engine.advance(wish)
    await work(hub)
  }
  await engine.advance(wish)
  runStatus({ state: engine.state, generation: 1, now: clock.now(), suspended: false })
  const journal = paths.journal.replace(':namespace', namespace).replace(':name', run.name)
  await (await hub.request(journal, { headers: bearer })).text()
  return engine.state.phase
}

/** The agent's part in one step. */
const work = async (hub: Hub): Promise<void> => {
  const post = (path: string, body: unknown): Promise<Response> =>
    Promise.resolve(hub.request(path, { method: 'POST', headers: bearer, body: JSON.stringify(body) }))
  const leased = await post(paths.lease, { holder: agentName, waitMs: 0 })
  if (leased.status !== 200) return
  const { task, fence } = (await leased.json()) as LeaseReply
  const proof = { task: task.id, fence }
  const lines = linesOf(task)
  await post(paths.reserve, { ...proof, record: lines.asks(1) })
  await post(paths.record, { ...proof, records: [lines.isAnswered(1), lines.calls] })
  await post(paths.reserve, { ...proof, record: lines.asks(2), before: { records: [lines.hears] } })
  await post(paths.heartbeat, proof)
  await post(paths.finish, { ...proof, records: [lines.isAnswered(2), lines.isDone] })
}

const bearer = { authorization: 'Bearer rehearsal' }
