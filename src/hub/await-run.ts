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
  readonly run: { readonly namespace: string; readonly name: string }
  readonly waitMs: number
  readonly signal: AbortSignal
  readonly clock: Clock
}): Promise<RunSummary | undefined> => {
  const { promise: woken, resolve: wake } = Promise.withResolvers<void>()
  const unsubscribe = journal.subscribe(({ namespace, name }) => {
    if (namespace === run.namespace && name === run.name) wake()
  })
  const stopTimer = clock.after(waitMs, wake)
  signal.addEventListener('abort', () => wake(), { once: true })
  try {
    const found = await journal.find(run)
    if (found !== undefined || waitMs <= 0 || signal.aborted) return found
    await woken
    return await journal.find(run)
  } finally {
    unsubscribe()
    stopTimer()
  }
}
