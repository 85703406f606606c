// A person's word about calls of which nobody knew whether they took effect. Only a run that ended because of such a
// call can go on: its reason is `OutcomeUnknown`. It is reopened when the last of its unknown calls is resolved.

import type { RunState, StepState } from '../journal/fold.ts'
import type { CallPlace, RecordBody, ResolvedOutcome } from '../journal/record.ts'
import { isInFlight } from '../journal/step-phase.ts'
import { storeText } from '../journal/stored-text.ts'

export interface ResolveRequest {
  readonly state: RunState
  /** Left out: the only step that has unknown calls. */
  readonly step?: string
  readonly outcome: ResolvedOutcome
  /** What the call would have answered; belongs to `done`. */
  readonly result?: string
  /** Kubernetes user name. */
  readonly by: string
}

export type ResolveDecision =
  | {
      readonly type: 'resolved'
      readonly step: string
      /** `server/tool` of each call. */
      readonly calls: readonly string[]
      readonly records: readonly RecordBody[]
      readonly contents: readonly string[]
      /** Whether the run goes on; otherwise these steps have unknown calls still. */
      readonly reopened: boolean
      readonly left: readonly string[]
    }
  | {
      readonly type: 'refused'
      readonly code: 'NotFound' | 'InvalidInput'
      readonly message: string
      readonly remedy: string
    }

export const resolveCalls = ({
  state,
  step: wanted,
  outcome,
  result,
  by,
}: ResolveRequest): ResolveDecision => {
  const open = state.steps.filter((step) => unresolvedCalls(step).length > 0)
  if (state.reason !== 'OutcomeUnknown' || state.finishedAt === undefined) return notWaiting(state)
  if (result !== undefined && outcome === 'not-done') {
    return refused('InvalidInput', 'a call that was not done has no result', 'leave the result out')
  }
  const names = open.map(({ name }) => name)
  const step = wanted === undefined && open.length === 1 ? open[0] : open.find(({ name }) => name === wanted)
  if (step === undefined) {
    const said = wanted === undefined ? 'several steps have' : `step ${JSON.stringify(wanted)} has no`
    return refused(
      'NotFound',
      `${said} calls with an unknown outcome`,
      `name one of these steps: ${names.join(', ') || 'none has any left'}`,
    )
  }
  const calls = unresolvedCalls(step)
  const left = names.filter((name) => name !== step.name)
  const answer = result === undefined || result === '' ? {} : { result: storeText(result) }
  return {
    type: 'resolved',
    step: step.name,
    calls: calls.map(({ server, tool }) => `${server}/${tool}`),
    records: [
      ...calls.map((place): RecordBody => ({
        type: 'tool.resolved',
        step: step.name,
        ...place,
        outcome,
        by,
        ...answer,
      })),
      ...(left.length > 0 ? [] : [{ type: 'run.reopened' as const, round: state.round + 1, by }]),
    ],
    contents: result === undefined || result === '' ? [] : [result],
    reopened: left.length === 0,
    left,
  }
}

/** Writes of the step that may or may not have taken effect: said so, or cut off by the end of the run. */
export const unresolvedCalls = (step: StepState): readonly CallPlace[] => {
  const said = step.unknownCalls.filter(({ resolved }) => resolved === undefined)
  const cut = isInFlight(step) ? [] : step.openCalls.filter(({ write }) => write)
  return [...said, ...cut].map(({ place }) => place)
}

const refused = (code: 'NotFound' | 'InvalidInput', message: string, remedy: string): ResolveDecision => ({
  type: 'refused',
  code,
  message,
  remedy,
})

const notWaiting = ({ phase, reason }: RunState): ResolveDecision =>
  refused(
    'InvalidInput',
    reason === undefined
      ? `it is ${phase}, and only a run that ended with OutcomeUnknown can go on`
      : `it is ${phase} with reason ${reason}, and only a run that ended with OutcomeUnknown can go on`,
    'start a new run if the work is still to be done',
  )
