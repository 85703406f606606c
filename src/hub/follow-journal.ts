// A run's journal as it grows, until the run has finished: what is there first, then each record as it becomes
// durable, and `idle` when nothing has come for a while.

import type { JournalRecord } from '../domain/journal/record.ts'
import type { Clock } from '../ports/clock.ts'
import type { Journal } from '../ports/journal.ts'

const IDLE_MS = 15_000

export async function* followJournal({
  journal,
  run,
  after,
  signal,
  clock,
  gatherMs = 0,
}: {
  readonly journal: Journal
  readonly run: string
  readonly after: number
  readonly signal: AbortSignal
  readonly clock: Clock
  /** How long a burst of records is waited for, once the first has come. */
  readonly gatherMs?: number
}): AsyncGenerator<readonly JournalRecord[] | 'idle'> {
  let grown = true
  let wake: () => void = () => undefined
  const unsubscribe = journal.subscribe(({ uid }) => {
    if (uid !== run) return
    grown = true
    wake()
  })
  const onAbort = (): void => wake()
  signal.addEventListener('abort', onAbort)
  // Records come in bursts, and each answer costs about the same whatever it holds.
  const gathered = (): Promise<void> =>
    new Promise((resolve) => {
      const stopTimer = clock.after(gatherMs, resolve)
      wake = () => {
        if (!signal.aborted) return
        stopTimer()
        resolve()
      }
    })
  let seq = after
  let finished = false
  try {
    while (!signal.aborted) {
      if (grown) {
        grown = false
        const records = await journal.read({ run, after: seq })
        seq = records.at(-1)?.seq ?? seq
        if (records.length > 0) yield records
        const turn = records.findLast(({ type }) => type === 'run.finished' || type === 'run.reopened')
        if (turn !== undefined) finished = turn.type === 'run.finished'
        if (finished) return
        continue
      }
      const slept = Promise.withResolvers<void>()
      wake = slept.resolve
      const stopTimer = clock.after(IDLE_MS, slept.resolve)
      await slept.promise
      stopTimer()
      if (!grown && !signal.aborted) yield 'idle'
      if (grown && gatherMs > 0 && !signal.aborted) await gathered()
    }
  } finally {
    unsubscribe()
    signal.removeEventListener('abort', onAbort)
  }
}
