// Whether a firing may start runs, given what was fired before about the same subject. Decided inside the transaction
// that stores it, so that two which arrive together cannot both be the first.

/** What a firing is about: an incident, an alert group. Firings of the same key are weighed against each other. */
export interface Subject {
  readonly key: string
  /** When it happened, milliseconds since the epoch; absent where the sender does not say. */
  readonly occurredAt?: number
  /** It says that the matter is over. */
  readonly resolves?: boolean
}

export interface StormLimits {
  /** A firing within so many seconds after one that started runs joins those runs. */
  readonly groupSeconds?: number
  /** Firings of one subject that may start runs within an hour. */
  readonly runsPerHour?: number
}

/** Why a delivery that was accepted started nothing. */
export type DropReason =
  | 'Duplicate'
  | 'Filtered'
  | 'OwnAction'
  | 'TooOld'
  | 'Resolved'
  | 'Grouped'
  | 'LoopBroken'
  | 'Forbidden'
  | 'Replaced'
  | 'Refused'
  | 'Quarantined'

export interface Drop {
  readonly reason: DropReason
  readonly message: string
  readonly remedy?: string
  /** Runs that answer it, started by an earlier delivery. */
  readonly joins?: readonly string[]
  /** What was received, where it was not understood. */
  readonly body?: string
}

/** What the store remembers of a subject. */
export interface SubjectHistory {
  /** When the subject was last said to be over, by the sender's own time. */
  readonly resolvedAt?: number
  /** The latest firing that started runs. */
  readonly latest?: { readonly at: number; readonly runs: readonly string[] }
  /** Firings that started runs within the last hour. */
  readonly startedInHour: number
}

/** Why it may not, or undefined. */
export const weigh = ({
  subject: { key, occurredAt },
  limits: { groupSeconds = 0, runsPerHour },
  history: { resolvedAt, latest, startedInHour },
  now,
}: {
  readonly subject: Subject
  readonly limits: StormLimits
  readonly history: SubjectHistory
  readonly now: number
}): Drop | undefined => {
  if (resolvedAt !== undefined && occurredAt !== undefined && occurredAt < resolvedAt)
    return {
      reason: 'Resolved',
      message: `"${key}" happened at ${iso(occurredAt)} and was over at ${iso(resolvedAt)}, which was told first`,
    }
  if (latest !== undefined && now - latest.at < groupSeconds * 1000)
    return {
      reason: 'Grouped',
      message: `"${key}" is answered by ${latest.runs.join(', ')}, started ${Math.round((now - latest.at) / 1000)} s before (groupSeconds: ${groupSeconds})`,
      joins: latest.runs,
    }
  if (runsPerHour !== undefined && startedInHour >= runsPerHour)
    return {
      reason: 'LoopBroken',
      message: `"${key}" has started runs ${startedInHour} times within an hour (runsPerHour: ${runsPerHour}); does a run cause the event that starts it?`,
      remedy: 'filter the events that your own agents cause, or raise spec.source.webhook.storm.runsPerHour',
    }
  return undefined
}

const iso = (ms: number): string => new Date(ms).toISOString()
