// The phases of a step as the journal tells them.

/**
 * `Submitted`: waits for an agent. `AttemptFailed`: the attempt is over; a retry or the step's failure follows.
 * The last four are final.
 */
export type StepPhase =
  'Pending' | 'Submitted' | 'Running' | 'AttemptFailed' | 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled'

interface HasPhase {
  readonly phase: StepPhase
}

export const isStepFinal = ({ phase }: HasPhase): boolean =>
  phase === 'Succeeded' || phase === 'Failed' || phase === 'Skipped' || phase === 'Cancelled'

/** An agent has the step's task, or may take it any moment. */
export const isInFlight = ({ phase }: HasPhase): boolean => phase === 'Submitted' || phase === 'Running'

/** Whether steps that depend on it may run. A skipped step counts as done, with an empty output. */
export const isDone = ({ phase }: HasPhase): boolean => phase === 'Succeeded' || phase === 'Skipped'
