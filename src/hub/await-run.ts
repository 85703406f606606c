// Finds a run's journal, and waits for it where a follower came before the run's first record.

import type { Clock } from '../ports/clock.ts'
import type { Journal, RunSummary } from '../ports/journal.ts'

export const awaitRun = async ({
  journal,
  run,
  waitMs,
  signal,
  clock,
}: {
  readonly journal: Journal
  /** With a uid, an earlier run of the same name is not the one. */
  readonly run: { readonly namespace: string; readonly name: string; readonly uid?: string }
  readonly waitMs: number
  readonly signal: AbortSignal
  readonly clock: Clock
}): Promise<RunSummary | undefined> => {
  const find = async (): Promise<RunSummary | undefined> => {
    const newest = await journal.find(run)
    return run.uid === undefined || newest?.uid === run.uid ? newest : undefined
  }
  const { promise: woken, resolve: wake } = Promise.withResolvers<void>()
  const unsubscribe = journal.subscribe(({ namespace, name, uid }) => {
    if (namespace === run.namespace && name === run.name && (run.uid ?? uid) === uid) wake()
  })
  const stopTimer = clock.after(waitMs, wake)
  signal.addEventListener('abort', () => wake(), { once: true })
  try {
    const found = await find()
    if (found !== undefined || waitMs <= 0 || signal.aborted) return found
    await woken
    return await find()
  } finally {
    unsubscribe()
    stopTimer()
  }
}
