// One run in motion: reads what the journal has since learned, asks `planRun` what to do, does it, and asks again
// until only waiting is left. It knows the store and nothing of Kubernetes; each thing it does is safe to do twice.

import { emptyRun, extendRun, isFinished, type RunState } from '../../domain/journal/fold.ts'
import type { RunKey } from '../../domain/journal/record.ts'
import { contentsNeeded, planRun, type RunAction } from '../../domain/run/plan.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Store } from '../../ports/store.ts'

export interface RunEngine {
  readonly run: RunKey
  readonly state: RunState
  /** Takes in what was appended to the journal. */
  observe(): Promise<RunState>
  /** Moves the run as far as it goes now. Resolves to when it must be looked at again, if nothing happens before. */
  advance(wish: Wish): Promise<{ readonly until?: number }>
}

export interface Wish {
  readonly cancel: boolean
  readonly suspend: boolean
  /** Attempts that may follow the first, by agent. */
  readonly retries: (agent: string) => number
}

/** Many more than any run needs in one go; reached only if plan and journal disagree, which must not spin. */
const roundsAtOnce = 500

export const createRunEngine = ({
  run,
  store,
  clock,
  random,
  salt,
}: {
  readonly run: RunKey
  readonly store: Store
  readonly clock: Clock
  readonly random: () => number
  readonly salt: string
}): RunEngine => {
  let state: RunState = emptyRun
  const contents = new Map<string, string>()

  const observe = async (): Promise<RunState> => {
    for (const record of await store.journal.read({ run: run.uid, after: state.seq }))
      state = extendRun(state, record)
    return state
  }

  const fetchContents = async (): Promise<void> => {
    for (const sha256 of contentsNeeded(state)) {
      if (contents.has(sha256)) continue
      const text = await store.journal.content(sha256, { run: run.uid })
      if (text !== undefined) contents.set(sha256, text)
    }
  }

  const act = async (action: RunAction): Promise<void> => {
    switch (action.type) {
      case 'submit':
        return store.tasks.submit({ task: action.task, records: action.records, round: state.round })
      case 'record':
        await store.journal.append({ run, records: action.records })
        return
      case 'cancel':
        return store.tasks.cancel({
          run,
          reason: action.reason,
          ...(action.step === undefined ? {} : { step: action.step }),
        })
      case 'finish':
        await store.journal.append({ run, records: [action.record], contents: action.contents })
        return
      case 'wait':
        return
    }
  }

  return {
    run,
    get state() {
      return state
    },
    observe,
    async advance({ cancel, suspend, retries }) {
      let until: number | undefined
      for (let round = 0; round < roundsAtOnce; round += 1) {
        await observe()
        if (isFinished(state)) return {}
        await fetchContents()
        const actions = planRun({
          run,
          state,
          now: clock.now(),
          retries,
          random,
          contents: (sha256) => contents.get(sha256),
          salt,
          cancel,
          suspend,
        })
        until = undefined
        for (const action of actions) {
          if (action.type === 'wait') until = Math.min(until ?? action.until, action.until)
          else await act(action)
        }
        // Nothing done, or nothing that left a trace (telling a busy agent to stop): the next record wakes us.
        const seen = state.seq
        if (actions.every(({ type }) => type === 'wait') || (await observe()).seq === seen) break
      }
      return until === undefined ? {} : { until }
    },
  }
}
