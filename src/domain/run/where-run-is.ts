// Where a run is, in one word and one sentence: what the condition `Succeeded` says while it is still Unknown, and
// how it ended.

import { wholeSeconds } from './status-text.ts'
import type { RunState, StepState } from '../journal/fold.ts'

export interface Whereabouts {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  /** When the status became this, as far as the journal knows. */
  readonly since: string | undefined
}

export const whereRunIs = (state: RunState, suspended: boolean): Whereabouts => {
  const { phase, finishedAt, startedAt, reason = phase, message = '' } = state
  switch (phase) {
    case 'Succeeded':
      return { status: 'True', reason, message, since: finishedAt }
    case 'Failed':
    case 'Cancelled':
      return { status: 'False', reason, message, since: finishedAt }
    case 'Pending':
      return {
        status: 'Unknown',
        reason: 'Pending',
        message: 'the run was accepted and has not started yet',
        since: undefined,
      }
    case 'Running':
      return { status: 'Unknown', ...whereRunning(state, suspended), since: startedAt }
  }
}

const whereRunning = (
  { steps, stopping }: RunState,
  suspended: boolean,
): { readonly reason: string; readonly message: string } => {
  if (stopping !== undefined) {
    return { reason: 'Stopping', message: `waits for work in flight to stop: ${stopping.message}` }
  }
  const running = steps.filter(({ phase }) => phase === 'Running')
  if (running.length > 0)
    return { reason: 'StepRunning', message: `running: ${running.map(holderOf).join(', ')}` }
  const submitted = steps.filter(({ phase }) => phase === 'Submitted')
  const waiting = submitted.filter(({ notBefore }) => notBefore === undefined)
  if (waiting.length > 0) {
    const message = `waiting for an agent: ${waiting.map(queuedStep).join(', ')}; kubectl get swarmagents shows which are ready`
    return { reason: 'WaitingForAgent', message }
  }
  if (submitted.length > 0) {
    const retries = submitted.map(
      ({ name, attempt, notBefore }) => `${name} (attempt ${attempt} after ${notBefore})`,
    )
    return { reason: 'WaitingToRetry', message: `waiting to try again: ${retries.join(', ')}` }
  }
  if (suspended) return { reason: 'Suspended', message: 'no further step starts while spec.suspend is true' }
  return { reason: 'BetweenSteps', message: 'the next step is being prepared' }
}

const queuedStep = ({ name, agent, attempt, submittedAt }: StepState): string =>
  `${name} (${agent}${submittedAt === undefined ? '' : `, since ${wholeSeconds(submittedAt)}`}${attempt > 1 ? `, attempt ${attempt}` : ''})`

const holderOf = ({ name, agent, holder = agent, attempt }: StepState): string =>
  `${name} (${holder}${attempt > 1 ? `, attempt ${attempt}` : ''})`
