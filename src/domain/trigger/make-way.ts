// Whether a run that was promised may begin now, given the unfinished runs of its event: what concurrencyPolicy and the
// limits of a storm say.

/** A run of an event. */
export interface EventRun {
  readonly name: string
  /** Team or agent. */
  readonly target: string
  /** What the delivery was about, as a label value. */
  readonly subject?: string
}

export interface StartRules {
  readonly policy: 'Allow' | 'Forbid' | 'Replace'
  /** Whether all runs of the event are rivals, or those about one subject. */
  readonly scope: 'event' | 'subject'
  readonly maxUnfinished: number
}

export type Way =
  | { readonly type: 'free' }
  /** Asks again when a run of the event has ended. */
  | { readonly type: 'wait'; readonly message: string }
  | { readonly type: 'refuse'; readonly message: string }
  /** Ends these, then asks again. */
  | { readonly type: 'replace'; readonly runs: readonly string[]; readonly message: string }

export const makeWay = ({
  run,
  unfinished,
  policy,
  scope,
  maxUnfinished,
}: StartRules & {
  readonly run: EventRun
  /** Of the same event; may include the run itself. */
  readonly unfinished: readonly EventRun[]
}): Way => {
  // It exists: whoever asked before was let through.
  if (unfinished.some(({ name }) => name === run.name)) return { type: 'free' }
  const rivals = unfinished.filter(
    ({ target, subject }) =>
      target === run.target && (scope === 'event' || (subject !== undefined && subject === run.subject)),
  )
  const [rival] = rivals
  if (rival !== undefined) {
    if (policy === 'Forbid')
      return { type: 'refuse', message: `run ${rival.name} has not ended (concurrencyPolicy: Forbid)` }
    if (policy === 'Replace')
      return {
        type: 'replace',
        runs: rivals.map(({ name }) => name),
        message: `run ${rival.name} is being cancelled (concurrencyPolicy: Replace)`,
      }
    if (scope === 'subject')
      return { type: 'wait', message: `run ${rival.name} about the same subject has not ended` }
  }
  if (unfinished.length >= maxUnfinished)
    return {
      type: 'wait',
      message: `${unfinished.length} runs have not ended (maxUnfinished: ${maxUnfinished})`,
    }
  return { type: 'free' }
}
