// Which of the runs that an event owes begin now. They are asked in the order in which they were promised: what one is
// let do counts for those behind it.

import { defaultMaxUnfinished, type SwarmEvent } from '../../api/v1alpha1/index.ts'
import { makeWay, type EventRun, type StartRules, type Way } from './make-way.ts'

/** A run that was promised. Without a place among the others where nobody knows what it would be a run of. */
export interface WaitingRun {
  readonly name: string
  readonly run: EventRun | undefined
}

export type Start =
  | Way
  /** A later one takes its place. */
  | { readonly type: 'overtaken'; readonly message: string }

/** What an event that is gone said is not known: then nothing hinders. */
export const startRules = (event: SwarmEvent | undefined): StartRules => {
  const { concurrencyPolicy: policy = 'Allow', source } = event?.spec ?? {}
  const { scope = 'event', maxUnfinished = defaultMaxUnfinished } = source?.webhook?.storm ?? {}
  return { policy, scope, maxUnfinished }
}

export const decideStarts = ({
  waiting,
  unfinished: before,
  rules,
}: {
  readonly waiting: readonly WaitingRun[]
  /** Of the same event; may include runs that wait. */
  readonly unfinished: readonly EventRun[]
  readonly rules: StartRules
}): {
  /** In the order of `waiting`. */
  readonly starts: readonly Start[]
  /** With those that begin. */
  readonly unfinished: readonly EventRun[]
} => {
  const latest = latestOf(waiting, rules)
  const unfinished = new Map(before.map((run) => [run.name, run]))
  const starts = waiting.map(({ name, run }): Start => {
    const later = latest.get(rivalry({ name, run }, rules))
    if (later !== undefined && later !== name)
      return { type: 'overtaken', message: `${later} came before it could start` }
    if (run === undefined) return { type: 'free' }
    const way = makeWay({ run, unfinished: [...unfinished.values()], ...rules })
    if (way.type === 'free') unfinished.set(name, run)
    return way
  })
  return { starts, unfinished: [...unfinished.values()] }
}

/** Under Replace the latest of those that wait is the one that counts. */
const latestOf = (waiting: readonly WaitingRun[], rules: StartRules): ReadonlyMap<string, string> =>
  new Map(rules.policy === 'Replace' ? waiting.map((one) => [rivalry(one, rules), one.name]) : [])

/** Runs of which only one may be unfinished. */
const rivalry = ({ name, run }: WaitingRun, { scope }: StartRules): string =>
  scope === 'subject' ? `${run?.target} ${run?.subject ?? name}` : `${run?.target}`
