// One step's part of the fold: what each record says about it. Records of attempts that are over still count (tokens,
// calls), but no longer move the step.

import { isRequiredCall } from '../run/required-calls.ts'
import type { OpenCall, StepFailure, StepState, ToolUse, UnknownCall } from './run-state.ts'
import type { CallPlace, RecordBody, TokenUsage } from './record.ts'
import { isInFlight, isStepFinal } from './step-phase.ts'
import { addUsage, largerUsage } from './usage.ts'

export type StepRecord = Exclude<RecordBody, { readonly type: `run.${string}` }>

export interface FoldStepRequest {
  readonly step: StepState
  readonly body: StepRecord
  readonly at: string
  readonly mustCall: readonly string[]
}

export const foldStep = ({ step, body, at, mustCall }: FoldStepRequest): StepState => {
  switch (body.type) {
    case 'step.submitted': {
      if (isStepFinal(step) || body.attempt <= step.attempt) return step
      const {
        holder: _holder,
        notBefore: _notBefore,
        resumes: _resumes,
        completedLate: _completedLate,
        ...rest
      } = step
      const goesOn = body.continues !== undefined && body.continues === step.attempt
      return {
        ...rest,
        phase: 'Submitted',
        attempt: body.attempt,
        promptAttempt: goesOn ? step.promptAttempt : body.attempt,
        task: body.task,
        submittedAt: at,
        ...(body.notBefore === undefined ? {} : { notBefore: body.notBefore }),
        ...(goesOn ? {} : { attemptUsage: {}, openCalls: [], unknownCalls: [], writes: [] }),
      }
    }
    case 'step.skipped': {
      if (step.phase !== 'Pending') return step
      const { reason, message } = body
      return end(step, 'Skipped', at, { code: reason, message, retryable: false, at })
    }
    case 'step.failed': {
      if (isStepFinal(step)) return step
      const { reason, message } = body
      const remedy = step.failure?.code === reason ? step.failure.remedy : undefined
      return end(step, 'Failed', at, failureOf({ code: reason, message, remedy, retryable: false, at }))
    }
    case 'task.leased': {
      if (!isCurrent(step, body)) return step
      return { ...step, phase: 'Running', startedAt: step.startedAt ?? at, holder: body.holder }
    }
    case 'llm.responded':
      return { ...withUsage(step, body, body.usage), turns: step.turns + 1 }
    case 'tool.intended':
      return {
        ...countTool(step, body, { made: 1 }),
        openCalls: [
          ...step.openCalls,
          {
            key: callKey(body),
            tool: toolName(body),
            write: body.effect === 'write',
            place: placeOf(body),
          },
        ],
      }
    case 'tool.returned': {
      const open = openCall(step, body)
      const closed = closeCall(countTool(step, body, body.isError ? { failed: 1 } : { succeeded: 1 }), body)
      if (body.isError || open?.write !== true) return closed
      return { ...closed, writes: [...closed.writes, toolName(body)] }
    }
    case 'tool.denied': {
      // Announced, and then refused: another policy had come.
      const announced = openCall(step, body) !== undefined
      return closeCall(countTool(step, body, { denied: 1, ...(announced ? { made: -1 } : {}) }), body)
    }
    case 'tool.outcome-unknown': {
      // A word that comes after a person's.
      if (unknownCall(step, body) !== undefined) return step
      // A call that only reads, or may be repeated, leaves nothing to find out.
      if (openCall(step, body)?.write === false) return closeCall(countTool(step, body, { failed: 1 }), body)
      const unknown = { key: callKey(body), place: placeOf(body) }
      return closeCall(
        {
          ...countTool(step, body, { unknown: 1 }),
          unknownCalls: [...step.unknownCalls, unknown],
        },
        body,
      )
    }
    case 'tool.resolved': {
      const known = unknownCall(step, body)
      if (known?.resolved !== undefined) return step
      const done = body.outcome === 'done'
      const counted = countTool(step, body, {
        ...(known === undefined ? {} : { unknown: -1 }),
        ...(done ? { succeeded: 1 } : { failed: 1 }),
      })
      const resolved = { key: callKey(body), place: placeOf(body), resolved: body.outcome }
      return closeCall(
        {
          ...counted,
          unknownCalls: [...step.unknownCalls.filter(({ key }) => key !== resolved.key), resolved],
          writes: done ? [...counted.writes, toolName(body)] : counted.writes,
        },
        body,
      )
    }
    case 'task.completed': {
      const counted = withAttemptUsage(step, body, body.usage)
      const missing = mustCall.filter((pattern) => !isRequiredCall(pattern, step.tools))
      const output = { ...counted, output: body.output }
      if (!isCurrent(step, body)) {
        const wasCutOff = body.attempt === step.attempt && step.phase === 'Cancelled'
        return wasCutOff && missing.length === 0 ? { ...output, completedLate: true } : counted
      }
      if (missing.length === 0) return end(output, 'Succeeded', at)
      return {
        ...output,
        phase: 'AttemptFailed',
        failure: {
          code: 'RequiredToolNotCalled',
          message: `the journal holds no successful call of ${missing.join(', ')}, which mustCall demands`,
          retryable: false,
          at,
        },
      }
    }
    case 'task.failed': {
      const counted = withAttemptUsage(step, body, body.usage)
      if (!isCurrent(step, body)) return counted
      return { ...counted, phase: 'AttemptFailed', failure: failureOf({ ...body, at }) }
    }
    case 'task.cancelled': {
      if (!isCurrent(step, body)) return step
      return end(step, 'Cancelled', at, {
        code: 'TaskCancelled',
        message: body.reason,
        retryable: false,
        at,
      })
    }
    case 'tools.listed':
    case 'tools.unavailable':
    case 'llm.requested':
    case 'llm.failed':
    case 'llm.denied':
      return step
  }
}

const isCurrent = (step: StepState, { attempt }: { readonly attempt: number }): boolean =>
  attempt === step.attempt && isInFlight(step)

const end = (
  step: StepState,
  phase: 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled',
  at: string,
  failure?: StepFailure,
): StepState => {
  const { failure: _earlier, notBefore: _notBefore, ...rest } = step
  return { ...rest, phase, completedAt: at, ...(failure === undefined ? {} : { failure }) }
}

const failureOf = ({
  code,
  message,
  remedy,
  retryable,
  retryAfterMs,
  at,
}: { readonly [K in keyof StepFailure]: StepFailure[K] | undefined } & StepFailure): StepFailure => ({
  code,
  message,
  ...(remedy === undefined ? {} : { remedy }),
  retryable,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  at,
})

const withUsage = (
  step: StepState,
  { attempt }: { readonly attempt: number },
  usage: TokenUsage,
): StepState => ({
  ...step,
  usage: addUsage(step.usage, usage),
  attemptUsage: attempt === step.attempt ? addUsage(step.attemptUsage, usage) : step.attemptUsage,
})

// The end of a task repeats the usage of its turns. Where the two differ the larger counts: a turn whose answer was
// lost is in one of them only.
const withAttemptUsage = (
  step: StepState,
  { attempt }: { readonly attempt: number },
  reported: TokenUsage,
): StepState => {
  if (attempt !== step.attempt) return step
  const attemptUsage = largerUsage(step.attemptUsage, reported)
  const difference = addUsage(attemptUsage, negated(step.attemptUsage))
  return { ...step, attemptUsage, usage: addUsage(step.usage, difference) }
}

const negated = (usage: TokenUsage): TokenUsage =>
  Object.fromEntries(Object.entries(usage).map(([field, tokens]) => [field, -tokens]))

const toolName = ({ server, tool }: CallPlace): string => `${server}/${tool}`
const callKey = ({ attempt, turn, call }: CallPlace): string => `${attempt}/${turn}/${call}`
const placeOf = ({ attempt, turn, call, server, tool }: CallPlace): CallPlace => ({
  attempt,
  turn,
  call,
  server,
  tool,
})
const openCall = (step: StepState, call: CallPlace): OpenCall | undefined =>
  step.openCalls.find(({ key }) => key === callKey(call))
const unknownCall = (step: StepState, call: CallPlace): UnknownCall | undefined =>
  step.unknownCalls.find(({ key }) => key === callKey(call))
const closeCall = (step: StepState, call: CallPlace): StepState => ({
  ...step,
  openCalls: step.openCalls.filter(({ key }) => key !== callKey(call)),
})

const countTool = (
  step: StepState,
  call: CallPlace,
  { made = 0, succeeded = 0, failed = 0, denied = 0, unknown = 0 }: Partial<Omit<ToolUse, 'tool'>>,
): StepState => {
  const tool = toolName(call)
  const index = step.tools.findIndex((use) => use.tool === tool)
  const use = step.tools[index] ?? { tool, made: 0, succeeded: 0, failed: 0, denied: 0, unknown: 0 }
  const counted: ToolUse = {
    tool,
    made: use.made + made,
    succeeded: use.succeeded + succeeded,
    failed: use.failed + failed,
    denied: use.denied + denied,
    unknown: use.unknown + unknown,
  }
  return { ...step, tools: index < 0 ? [...step.tools, counted] : step.tools.with(index, counted) }
}
