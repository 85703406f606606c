// Single drills with the figure each is about: how long work stands still after a death, what restarts of a model, a
// tool server and a database cost, what a zombie can still do, what an idle system does.

import { readFileSync } from 'node:fs'
import type { JournalRecord } from '../../src/domain/journal/record.ts'
import { namespace, runPath } from '../scenarios/support/story.ts'
import { pause, type Bench } from './bench.ts'

export interface Drill {
  readonly figure: string
  /** What should not be; empty when all is well. */
  readonly wrong: readonly string[]
}

const atOf = ({ at }: JournalRecord): number => Date.parse(at)
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const find = async <T>(look: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> => {
  for (let tries = 0; tries < 1200; tries += 1) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await pause(50)
  }
  throw new Error(`in vain waited until ${what}`)
}

/** Waits until the model was asked by this step once more than before. */
const untilAsked = async (bench: Bench, step: string, after: number): Promise<void> => {
  await find(
    () => bench.modelTurns.slice(after).find(({ rule }) => rule === step),
    `the model is asked for ${step}`,
  )
}

const successOf = async (bench: Bench, run: string): Promise<readonly string[]> => {
  const { status } = await bench.ended(run)
  return status?.phase === 'Succeeded' ? [] : [`${run} ended as ${status?.phase}: ${status?.reason ?? ''}`]
}

/** The model must be slow enough for the kill to hit the call. */
export const agentDies = async (
  bench: Bench,
  { leaseSeconds }: { readonly leaseSeconds: number },
): Promise<Drill> => {
  const asked = bench.modelTurns.length
  const run = await bench.fire()
  await untilAsked(bench, 'investigator', asked)
  const holder = (await bench.journal(run)).findLast(({ type }) => type === 'task.leased')
  const pods = bench.agentPids(holder?.type === 'task.leased' ? holder.holder : '')
  const killedAt = Date.now()
  for (const pid of pods) process.kill(pid, 'SIGKILL')
  const wrong = [...(await successOf(bench, run))]
  if (pods.length === 0) wrong.push('no process of the holder was found')
  const records = await bench.journal(run)
  const taken = records.find((record) => record.type === 'task.leased' && record.fence === 2)
  if (taken === undefined) wrong.push('nobody took the task over')
  const gap = taken === undefined ? Number.NaN : atOf(taken) - killedAt
  return {
    figure: `agent killed in a model call: taken over after ${seconds(gap)} (lease ${leaseSeconds} s)`,
    wrong,
  }
}

export const operatorDies = async (bench: Bench): Promise<Drill> => {
  bench.plan({ part: 'operator', point: 'submit.before', step: 'diagnostician' })
  const run = await bench.fire()
  const wrong = await successOf(bench, run)
  const records = await bench.journal(run)
  const done = records.find((record) => record.type === 'task.completed' && record.step === 'investigator')
  const next = records.find((record) => record.type === 'step.submitted' && record.step === 'diagnostician')
  const gap = done === undefined || next === undefined ? Number.NaN : atOf(next) - atOf(done)
  return {
    figure: `operator killed between two steps: the next step was submitted after ${seconds(gap)}`,
    wrong: bench.struck ? wrong : [...wrong, 'the operator was not killed'],
  }
}

/** A restart of anything else needs no restart of ours: the same processes go on. */
const withoutRestart = async (
  bench: Bench,
  what: string,
  drill: (run: string) => Promise<void>,
): Promise<Drill> => {
  const before = processesOf(bench)
  const started = Date.now()
  const run = await bench.fire()
  await drill(run)
  const wrong = [...(await successOf(bench, run))]
  if (processesOf(bench) !== before) wrong.push('a process of ours was started again')
  return {
    figure: `${what}: the run succeeded after ${seconds(Date.now() - started)}, no process was started again`,
    wrong,
  }
}

const processesOf = (bench: Bench): string =>
  JSON.stringify([
    bench.members.map((name) => bench.pidOf(name)),
    bench.agentPids().toSorted((a, b) => a - b),
  ])

export const modelFails = (bench: Bench): Promise<Drill> => {
  bench.failModel(3)
  return withoutRestart(bench, 'the model answered 500 three times', async () => undefined)
}

export const toolServerRestarts = (bench: Bench): Promise<Drill> =>
  withoutRestart(bench, 'all tool servers were killed and started again', async () => {
    for (const pid of bench.pidsOf(/swarm\.js mock /)) process.kill(pid, 'SIGKILL')
  })

export const databaseRestarts = (
  bench: Bench,
  { stop, start, downMs }: { readonly stop: () => void; readonly start: () => void; readonly downMs: number },
): Promise<Drill> =>
  withoutRestart(bench, `the database was away for ${downMs} ms in mid-run`, async (run) => {
    await find(
      async () => (await bench.journal(run)).some(({ type }) => type === 'llm.requested') || undefined,
      'it works',
    )
    stop()
    await pause(downMs)
    start()
  })

/** F05: stopped in its model call, overtaken, woken with an answer that asks for a message. */
export const zombieWakes = (bench: Bench): Promise<Drill> => {
  const asked = bench.modelTurns.length
  return zombie(bench, {
    where: 'a model call',
    untilThere: () => untilAsked(bench, 'notifier', asked),
    wasThere: (records) => !records.some(({ type }) => type === 'llm.responded'),
  })
}

/** F05: stopped in a call of a tool, overtaken, woken with a result to tell. */
export const zombieWakesInTool = (bench: Bench): Promise<Drill> =>
  zombie(bench, {
    where: 'a tool call',
    prepare: () => delayNext(bench, { server: 'grafana', tool: 'query_logs', ms: 3000 }),
    untilThere: async (run) => {
      await find(
        async () =>
          (await bench.journal(run)).find(
            (record) => record.type === 'tool.intended' && record.tool === 'query_logs',
          ),
        'it calls grafana/query_logs',
      )
    },
    wasThere: (records) =>
      !records.some((record) => record.type === 'tool.returned' && record.tool === 'query_logs'),
  })

const delayNext = async (
  bench: Bench,
  { server, tool, ms }: { readonly server: string; readonly tool: string; readonly ms: number },
): Promise<void> => {
  await bench.api.send(
    'POST',
    `/api/v1/namespaces/${namespace}/services/mock-${server}:control/proxy/__fault`,
    {
      body: { tool, mode: 'latency', ms, times: 1 },
    },
  )
}

/** Stopped past its lease and overtaken, it may write nothing and call nothing when it goes on. */
const zombie = async (
  bench: Bench,
  {
    where,
    prepare = async () => undefined,
    untilThere,
    wasThere,
  }: {
    readonly where: string
    readonly prepare?: () => Promise<void>
    readonly untilThere: (run: string) => Promise<void>
    /** By the records of its step when it was stopped. */
    readonly wasThere: (records: readonly JournalRecord[]) => boolean
  },
): Promise<Drill> => {
  const posts = await bench.posts()
  await prepare()
  const run = await bench.fire()
  await untilThere(run)
  const lease = (await bench.journal(run)).findLast(({ type }) => type === 'task.leased')
  const holder = lease?.type === 'task.leased' ? lease.holder : 'nobody'
  const pids = bench.agentPids(holder)
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  const asItStopped = (await bench.journal(run)).filter(
    (record) => lease?.type === 'task.leased' && 'step' in record && record.step === lease.step,
  )
  const wrong = wasThere(asItStopped) ? [] : [`it was not stopped in ${where}`]
  wrong.push(...(await successOf(bench, run)))
  if (pids.length === 0) wrong.push(`no process of ${holder} was found`)
  const before = await bench.journal(run)
  if (!before.some((record) => record.type === 'task.leased' && record.fence > 1))
    wrong.push('nobody overtook the zombie')
  for (const pid of pids) process.kill(pid, 'SIGCONT')
  const log = await find(async () => {
    const { text } = await bench.api.send('GET', `/api/v1/namespaces/${namespace}/pods/${holder}/log`)
    return text.includes('task abandoned') ? text : undefined
  }, 'the zombie gives its task up')
  // Whatever it would still do, it would do at once: its model has long answered.
  await pause(1500)
  const after = await bench.journal(run)
  if (after.length !== before.length) wrong.push(`the zombie wrote ${after.length - before.length} records`)
  const made = (await bench.posts()) - posts
  if (made !== 1) wrong.push(`${made} messages`)
  const code = /"code":"(\w+)"[^\n]*task abandoned/.exec(log)?.[1] ?? 'unknown'
  return {
    figure: `zombie ${holder} stopped in ${where}: overtaken, then refused (${code}); ${made} message`,
    wrong,
  }
}

/**
 * Every write of the cluster is counted, whoever makes it. A kubelet would renew its Lease here; the embedded node has
 * nobody to tell, and renews none. On a cluster of its own, the Leases of nodes and of Kubernetes' components are theirs.
 */
/** W4: the model never answers; only the cancellation can end its call. */
export const cancelReaches = async (bench: Bench): Promise<Drill> => {
  const asked = bench.silenceModel()
  const run = await bench.fire()
  const question = await asked
  const startedAt = performance.now()
  await bench.api.ok('PATCH', runPath(run), {
    contentType: 'application/merge-patch+json',
    body: { spec: { cancel: true } },
  })
  await question.left
  const ms = performance.now() - startedAt
  const { status } = await bench.ended(run)
  const wrong = status?.phase === 'Cancelled' ? [] : [`${run} ended as ${status?.phase}`]
  const after = await bench.journal(run)
  if (after.some(({ type }) => type === 'tool.intended')) wrong.push('a tool was called')
  if (!after.some((record) => record.type === 'llm.failed' && record.code === 'TaskCancelled'))
    wrong.push('the journal does not tell of the call that was cut short')
  bench.wakeModel()
  return { figure: `cancelled: the model call ended after ${Math.round(ms)} ms`, wrong }
}

export const staysIdle = async (bench: Bench, { ms }: { readonly ms: number }): Promise<Drill> => {
  const look = async () => ({
    writes: await bench.writes(),
    turns: bench.modelTurns.length,
    cpu: new Map(
      [...bench.members.map((name) => bench.pidOf(name)), ...bench.agentPids()].flatMap((pid) =>
        pid === undefined ? [] : [[pid, cpuMs(pid)] as const],
      ),
    ),
  })
  // What the last run left to be told is told.
  await pause(5000)
  const before = await look()
  await pause(ms)
  const after = await look()
  const wrong: string[] = []
  const written = after.writes.filter((write) => !before.writes.includes(write))
  if (written.length > 0) wrong.push(`written while idle: ${written.slice(0, 5).join(', ')}`)
  if (after.turns !== before.turns) wrong.push(`${after.turns - before.turns} model calls while idle`)
  const used = [...after.cpu].map(([pid, cpu]) => cpu - (before.cpu.get(pid) ?? cpu))
  const shares = used.map((cpu) => `${((100 * cpu) / ms).toFixed(2)} %`)
  return {
    figure: `idle for ${seconds(ms)}: ${written.length} API writes, ${after.turns - before.turns} model calls; CPU of ${bench.members.join(', ')} and ${shares.length - bench.members.length} agent processes: ${shares.join(', ')}`,
    wrong,
  }
}

/** User and system time so far; ticks are hundredths of a second on Linux. */
const cpuMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** A process may have ended by itself just before. */
export const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // Then there is nothing to do.
  }
}
