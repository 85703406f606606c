// Which finished runs are more than their history holds: of a team, or of an event.

import type { SwarmRun } from '../../api/v1alpha1/index.ts'
import { isOver } from './is-over.ts'

export interface HistoryLimits {
  readonly succeeded: number
  /** Failed and cancelled runs. */
  readonly failed: number
  readonly retainMs?: number
}

/** What a CronJob keeps, and a little more of what went well. */
export const defaultHistory: HistoryLimits = { succeeded: 10, failed: 3 }

/** Finished runs beyond the history, and when the next one will be (milliseconds since the epoch). */
export const expiredRuns = ({
  limits: { succeeded, failed, retainMs },
  runs,
  now,
}: {
  readonly limits: HistoryLimits
  readonly runs: readonly SwarmRun[]
  readonly now: number
}): { readonly expired: readonly SwarmRun[]; readonly nextAt?: number } => {
  // Asked at the end of each run, of a history that may be long: times are read once.
  const finished = runs
    .flatMap((run) => {
      const { phase, completionTime } = run.status ?? {}
      if (phase === undefined || !isOver(run)) return []
      return [{ run, succeeded: phase === 'Succeeded', endedAt: Date.parse(completionTime ?? '') || 0 }]
    })
    .toSorted((a, b) => b.endedAt - a.endedAt || compare(b.run.metadata.name, a.run.metadata.name))
  const left = { succeeded, failed }
  const expired: SwarmRun[] = []
  let nextAt: number | undefined
  for (const { run, succeeded: well, endedAt } of finished) {
    const isKept = well ? left.succeeded-- > 0 : left.failed-- > 0
    if (!isKept || (retainMs !== undefined && endedAt + retainMs <= now)) expired.push(run)
    // From the newest to the oldest: the last one that stays is the next to go.
    else if (retainMs !== undefined) nextAt = endedAt + retainMs
  }
  return { expired, ...(nextAt === undefined ? {} : { nextAt }) }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
