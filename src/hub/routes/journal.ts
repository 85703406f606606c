// The readers' paths: a run's journal, whole or followed, and the whole output of a step.

import { Hono } from 'hono'
import { KubeswarmError } from '../../domain/error.ts'
import type { JournalRecord } from '../../domain/journal/record.ts'
import { isWhole } from '../../domain/journal/stored-text.ts'
import type { RunSummary } from '../../ports/journal.ts'
import { awaitRun } from '../await-run.ts'
import type { HubContext, HubEnv } from '../context.ts'
import { followJournal } from '../follow-journal.ts'
import { requireReader } from '../middleware/require-person.ts'
import { invalidInput, runNotFound } from '../refusal.ts'
import { paths } from '../wire.ts'

/** How long a follower waits for a run that was created a moment ago. */
const START_WAIT_MS = 30_000
/** A reader does not see the difference; the agents, whom the hub serves first, do. */
const GATHER_MS = 50

export const journalRoutes = (context: HubContext): Hono<HubEnv> => {
  const { store, clock, closing } = context
  const app = new Hono<HubEnv>()

  app.get(paths.journal, requireReader(context), async (c) => {
    const { namespace, name } = c.req.param()
    const follow = c.req.query('follow') === 'true'
    const uid = c.req.query('uid')
    const after = sequenceOf(c.req.query('after'))
    const gone = new AbortController()
    const abort = (): void => gone.abort()
    closing.addEventListener('abort', abort)
    c.req.raw.signal.addEventListener('abort', abort)
    if (closing.aborted) abort()
    const leave = (): void => closing.removeEventListener('abort', abort)

    const run = await awaitRun({
      journal: store.journal,
      run: { namespace, name, ...(uid === undefined ? {} : { uid }) },
      waitMs: follow ? START_WAIT_MS : 0,
      signal: gone.signal,
      clock,
    })
    if (run === undefined) {
      leave()
      throw runNotFound({ namespace, name })
    }
    c.header('content-type', 'application/x-ndjson; charset=utf-8')
    c.header('cache-control', 'no-store')
    if (!follow) {
      leave()
      return c.body(linesOf(await store.journal.read({ run: run.uid, after })))
    }
    const growth = followJournal({
      journal: store.journal,
      run: run.uid,
      after,
      signal: gone.signal,
      clock,
      gatherMs: GATHER_MS,
    })
    return c.body(streamOf({ growth, abort, leave }))
  })

  app.get(paths.stepOutput, requireReader(context), async (c) => {
    const { namespace, name, step } = c.req.param()
    const run = await store.journal.find({ namespace, name })
    if (run === undefined) throw runNotFound({ namespace, name })
    const output = await stepOutput(run, step)
    if (output === undefined) {
      throw new KubeswarmError({
        code: 'NotFound',
        message: `step "${step}" of SwarmRun ${namespace}/${name} has no output`,
        remedy: `see which steps have finished: kubectl -n ${namespace} describe swarmrun ${name}`,
      })
    }
    return c.text(output)
  })

  const stepOutput = async (run: RunSummary, step: string): Promise<string | undefined> => {
    const records = await store.journal.read({ run: run.uid })
    const completed = records.findLast((record) => record.type === 'task.completed' && record.step === step)
    if (completed?.type !== 'task.completed') return undefined
    const { sha256, head } = completed.output
    return isWhole(completed.output)
      ? head
      : ((await store.journal.content(sha256, { run: run.uid })) ?? head)
  }

  return app
}

const linesOf = (records: readonly JournalRecord[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('')

const streamOf = ({
  growth,
  abort,
  leave,
}: {
  readonly growth: AsyncGenerator<readonly JournalRecord[] | 'idle'>
  readonly abort: () => void
  readonly leave: () => void
}): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder()
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await growth.next()
      if (done === true) {
        leave()
        controller.close()
        return
      }
      controller.enqueue(encoder.encode(value === 'idle' ? '\n' : linesOf(value)))
    },
    cancel: () => {
      abort()
      leave()
    },
  })
}

const sequenceOf = (text: string | undefined): number => {
  if (text === undefined) return 0
  if (!/^\d{1,15}$/.test(text)) throw invalidInput(`query parameter after="${text}" is not a record number`)
  return Number(text)
}
