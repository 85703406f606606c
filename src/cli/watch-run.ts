// Follows one run to its end and shows it as it happens: waits for the run to be taken up (a run that cannot start
// fails in its status, without a journal), then reads its journal.

import type { SwarmRun } from '../api/v1alpha1/index.ts'
import { isOver } from '../domain/run/is-over.ts'
import { KubeswarmError } from '../domain/error.ts'
import type { JournalRecord } from '../domain/journal/record.ts'
import { runType } from './kinds.ts'
import type { Paint } from './output/paint.ts'
import { runView } from './output/run-view.ts'
import type { Cluster } from './session/cluster.ts'
import type { HubReader } from './session/hub-reader.ts'
import { waitNotices } from './wait-notices.ts'

export interface WatchedRun {
  readonly phase: string
  readonly reason: string
  readonly message: string
  readonly output: string | undefined
  readonly records: readonly JournalRecord[]
}

interface Watch {
  readonly cluster: Cluster
  readonly hub: HubReader
  readonly run: string
  readonly print: (line: string) => void
  readonly paint: Paint
  readonly signal?: AbortSignal
}

export const watchRun = async (watch: Watch): Promise<WatchedRun> => {
  const notices = waitNotices(watch)
  try {
    return await follow(watch, notices.saw)
  } finally {
    notices.close()
  }
}

const follow = async (
  { cluster, hub, run, print, paint, signal }: Watch,
  saw: (record: JournalRecord) => void,
): Promise<WatchedRun> => {
  const taken = await untilTakenUp({ cluster, run, ...(signal === undefined ? {} : { signal }) })
  if (isOver(taken)) {
    const records = await readJournal({ hub, run, uid: taken.metadata.uid })
    const view = runView({ paint, modelOverride: hub.modelOverride })
    for (const record of records) for (const line of view.lines(record)) print(line)
    return {
      ...conclusion(taken),
      output: (await wholeOutput({ hub, run, records, print })) ?? taken.status?.output,
      records,
    }
  }
  const view = runView({ paint, modelOverride: hub.modelOverride })
  const records: JournalRecord[] = []
  for await (const record of hub.journal({
    run,
    ...(taken.metadata.uid === undefined ? {} : { uid: taken.metadata.uid }),
    follow: true,
    ...(signal === undefined ? {} : { signal }),
  })) {
    records.push(record)
    saw(record)
    for (const line of view.lines(record)) print(line)
  }
  const finished = records.findLast((record) => record.type === 'run.finished')
  if (finished?.type !== 'run.finished') {
    throw new KubeswarmError({
      code: 'HubUnavailable',
      message: `lost sight of run "${run}": the hub ended its journal before the run ended`,
      remedy: `swarm logs run/${run} -f`,
    })
  }
  const output = await wholeOutput({ hub, run, records, print })
  return { phase: finished.phase, reason: finished.reason, message: finished.message, output, records }
}

const readJournal = async ({
  hub,
  run,
  uid,
}: {
  readonly hub: HubReader
  readonly run: string
  readonly uid: string | undefined
}): Promise<readonly JournalRecord[]> => {
  const records: JournalRecord[] = []
  try {
    for await (const record of hub.journal({ run, ...(uid === undefined ? {} : { uid }), follow: false }))
      records.push(record)
  } catch (error) {
    // A run that was refused at its start has no journal.
    if (!(error instanceof KubeswarmError && error.code === 'NotFound')) throw error
  }
  return records
}

const conclusion = ({ status }: SwarmRun) => {
  const condition = status?.conditions?.find(({ type }) => type === 'Succeeded')
  return {
    phase: status?.phase ?? 'Pending',
    reason: condition?.reason ?? '',
    message: condition?.message ?? '',
  }
}

/** The output of the run, all of it: a journal holds only the beginning of a long one. */
const wholeOutput = async ({
  hub,
  run,
  records,
  print,
}: {
  readonly hub: HubReader
  readonly run: string
  readonly records: readonly JournalRecord[]
  readonly print: (line: string) => void
}): Promise<string | undefined> => {
  const finished = records.findLast((record) => record.type === 'run.finished')
  const output = finished?.type === 'run.finished' ? finished.output : undefined
  if (output === undefined || output.bytes === Buffer.byteLength(output.head)) return output?.head
  const source = records.findLast(
    (record) => record.type === 'task.completed' && record.output.sha256 === output.sha256,
  )
  if (source?.type === 'task.completed') return hub.stepOutput({ run, step: source.step })
  print(`the output has ${output.bytes} bytes; this is its beginning`)
  return output.head
}

/** The run once it is Running or over; watches, does not poll. */
const untilTakenUp = async ({
  cluster,
  run,
  signal,
}: {
  readonly cluster: Cluster
  readonly run: string
  readonly signal?: AbortSignal
}): Promise<SwarmRun> => {
  signal?.throwIfAborted()
  const { connection, namespace } = cluster
  const current = await connection.get<SwarmRun>(runType, { namespace, name: run })
  if (current === undefined) {
    throw new KubeswarmError({
      code: 'NotFound',
      message: `SwarmRun ${namespace}/${run} not found`,
      remedy: `swarm get runs -n ${namespace}`,
    })
  }
  if (hasBegun(current)) return current
  const stop = new AbortController()
  signal?.addEventListener('abort', () => stop.abort(), { once: true })
  try {
    const events = connection.watch<SwarmRun>(runType, {
      namespace,
      resourceVersion: current.metadata.resourceVersion ?? '0',
      signal: stop.signal,
    })
    for await (const event of events) {
      if (event.type === 'BOOKMARK' || event.object.metadata.name !== run) continue
      if (event.type === 'DELETED')
        throw new KubeswarmError({
          code: 'NotFound',
          message: `SwarmRun ${namespace}/${run} was deleted before it started`,
        })
      if (hasBegun(event.object)) return event.object
    }
  } finally {
    stop.abort()
  }
  return untilTakenUp({ cluster, run, ...(signal === undefined ? {} : { signal }) })
}

const hasBegun = (run: SwarmRun): boolean => run.status?.phase === 'Running' || isOver(run)
