// From ends of runs to what follows them. An end is settled only when everything that it starts is durable elsewhere;
// whoever comes after a crash does it again, and finds that it is there.

import { emptyRun, extendRun, type RunState } from '../../domain/journal/fold.ts'
import type { RunEndNews } from '../../ports/run-ends.ts'
import type { OperatorContext } from '../context.ts'
import { createController, type Controller } from '../reconcile/controller.ts'

/** An end with what the run's journal tells of it; a run that never started has none. */
export interface EndedRun extends RunEndNews {
  readonly state: RunState
  /** Undefined for the run of a single agent. */
  readonly team?: string
  /** Models that answered. */
  readonly models: readonly string[]
  /** Of the whole output, as far as the store holds it. */
  readonly output: () => Promise<string | undefined>
}

export type EndFollower = (end: EndedRun) => Promise<void>

const onlyKey = 'untold'

export const createRunEndsController = (
  { store, clock, random, logger }: OperatorContext,
  followers: readonly EndFollower[],
): Controller => {
  const reconcile = async (): Promise<undefined> => {
    let failure: unknown
    for (const end of await store.ends.pending()) {
      try {
        const told = await endedRun(end)
        for (const follow of followers) await follow(told)
        await store.ends.settle({ run: end.run.uid, seq: end.seq })
      } catch (error) {
        // One that cannot be told now must not hold up the others.
        failure ??= error
      }
    }
    if (failure !== undefined) throw failure
    return undefined
  }

  const endedRun = async (end: RunEndNews): Promise<EndedRun> => {
    const records = await store.journal.read({ run: end.run.uid })
    const state = records.reduce<RunState>(extendRun, emptyRun)
    const { snapshot, output } = state
    const team = snapshot?.kind === 'team' ? snapshot.source : end.team
    return {
      ...end,
      state,
      models: [
        ...new Set(records.flatMap((record) => (record.type === 'llm.responded' ? [record.model] : []))),
      ],
      ...(team === undefined ? {} : { team }),
      output: async () =>
        output === undefined ? undefined : store.journal.content(output.sha256, { run: end.run.uid }),
    }
  }

  const controller = createController({ name: 'run-ends', reconcile, clock, random, logger, workers: 1 })
  const stop = store.ends.subscribe(() => controller.queue.add(onlyKey))
  controller.queue.add(onlyKey)
  return {
    ...controller,
    close: () => {
      stop()
      return controller.close()
    },
  }
}
