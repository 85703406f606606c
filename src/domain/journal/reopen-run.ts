// A run that had ended with an unknown outcome, opened again: what was done stays done, what was cut off goes on where
// it stopped, and what had not started may start.

import type { RunState, StepState } from './run-state.ts'

export const reopenRun = (state: RunState, round: number, at: string): RunState => {
  const {
    finishedAt: _finishedAt,
    reason: _reason,
    message: _message,
    output: _output,
    stopping: _stopping,
    ...rest
  } = state
  return { ...rest, phase: 'Running', round, reopenedAt: at, steps: state.steps.map(reopenStep) }
}

const reopenStep = (step: StepState): StepState => {
  const { completedAt, completedLate, failure, ...rest } = step
  switch (step.phase) {
    case 'Skipped':
      return failure?.code === 'RunStopped' ? { ...rest, phase: 'Pending' } : step
    case 'Failed':
      if (failure?.code === 'OutcomeUnknown')
        return { ...rest, failure, phase: 'AttemptFailed', resumes: true }
      // The run ended before it was decided whether there is another attempt.
      return failure?.retryable === true ? { ...rest, failure, phase: 'AttemptFailed' } : step
    case 'Cancelled':
      if (completedLate === true)
        return { ...rest, phase: 'Succeeded', ...(completedAt === undefined ? {} : { completedAt }) }
      return {
        ...rest,
        ...(failure === undefined ? {} : { failure }),
        phase: 'AttemptFailed',
        resumes: true,
      }
    case 'Pending':
    case 'Submitted':
    case 'Running':
    case 'AttemptFailed':
    case 'Succeeded':
      return step
  }
}
