// The status of a SwarmRun, from the state of its journal. The same state gives the same status, so that an unchanged
// one is never written; it is a summary of bounded size, whatever the outputs.

import type {
  Condition,
  PipelineStepStatus,
  RunPhase,
  SwarmRunStatus,
  TokenUsage,
} from '../../api/v1alpha1/index.ts'
import type { RunState, StepState } from '../journal/fold.ts'
import { HEAD_BYTES } from '../journal/record.ts'
import type { StoredText, TokenUsage as Usage } from '../journal/record.ts'
import { isDone } from '../journal/step-phase.ts'
import { isWhole } from '../journal/stored-text.ts'
import { totalTokens } from '../journal/usage.ts'
import { unknownOutcomes } from './decide-end.ts'
import { fairShare } from './fair-share.ts'
import { durationText, fitting, jsonBytes, shortened, wholeSeconds } from './status-text.ts'
import { whereRunIs } from './where-run-is.ts'

export interface RunStatusRequest {
  readonly state: RunState
  /** The status last written; its transition times stay where nothing turned. */
  readonly previous?: SwarmRunStatus
  readonly generation: number
  /** Milliseconds since the epoch; used only where the journal knows no time. */
  readonly now: number
  /** `spec.suspend`. */
  readonly suspended?: boolean
}

/** Bytes of the whole status that may go to each kind of content; together far below the object's 256 KiB. */
const sizes = {
  outputs: 64 * 1024,
  stepMessages: 48 * 1024,
  runMessage: 4 * 1024,
  stepMessage: 2 * 1024,
  toolEntries: 200,
  toolName: 128,
} as const

export const runStatus = (request: RunStatusRequest): SwarmRunStatus => {
  const { state, generation } = request
  const { phase, startedAt, finishedAt, steps } = state
  const share = sharesOf(state)
  const output = state.output === undefined ? {} : outputFields(state.output, share.output)
  const times = {
    ...(startedAt === undefined ? {} : { startTime: wholeSeconds(startedAt) }),
    ...(finishedAt === undefined ? {} : { completionTime: wholeSeconds(finishedAt) }),
    ...(startedAt === undefined || finishedAt === undefined
      ? {}
      : { duration: durationText(Date.parse(finishedAt) - Date.parse(startedAt)) }),
  }
  return {
    phase: phase satisfies RunPhase,
    ...(state.reason === undefined ? {} : { reason: state.reason }),
    ...(steps.length === 0
      ? {}
      : {
          steps: steps.map((step) => stepStatus(step, share)),
          stepsDone: `${steps.filter(counts).length}/${steps.length}`,
        }),
    ...output,
    ...(state.snapshotHash === undefined ? {} : { snapshotHash: state.snapshotHash }),
    ...times,
    ...tokens('totalTokenUsage', state.usage),
    observedGeneration: generation,
    conditions: conditionsOf(request),
  }
}

// Skipped by its condition is done; skipped because the run stopped is not.
const counts = (step: StepState): boolean => isDone(step) && step.failure?.code !== 'RunStopped'

interface Shares {
  /** Bytes of one output, of one step's message, and entries of one list of tools. */
  readonly output: number
  readonly message: number
  readonly tools: number
}

const sharesOf = ({ steps, output }: RunState): Shares => {
  const texts = [output, ...steps.map((step) => step.output)].filter((text) => text !== undefined)
  return {
    output: Math.min(
      HEAD_BYTES,
      fairShare(
        texts.map(({ head }) => Math.min(HEAD_BYTES, jsonBytes(head))),
        sizes.outputs,
      ),
    ),
    message: fairShare(
      steps.map((step) =>
        Math.min(sizes.stepMessage, jsonBytes(messageOf(step) ?? '') + jsonBytes(step.failure?.remedy ?? '')),
      ),
      sizes.stepMessages,
    ),
    tools: fairShare(
      steps.map(({ tools }) => tools.length),
      sizes.toolEntries,
    ),
  }
}

const outputFields = (text: StoredText, share: number): Pick<SwarmRunStatus, 'output' | 'outputRef'> => {
  const output = fitting(text.head, share)
  const isAll = isWhole(text) && output.length === text.head.length
  return { output, ...(isAll ? {} : { outputRef: { sha256: text.sha256, bytes: text.bytes } }) }
}

const tokens = <K extends string>(key: K, usage: Usage): { readonly [N in K]?: TokenUsage } => {
  if (Object.keys(usage).length === 0) return {}
  return { [key]: { ...usage, totalTokens: totalTokens(usage) } } as { readonly [N in K]?: TokenUsage }
}

const stepStatus = (step: StepState, share: Shares): PipelineStepStatus => {
  const { name, role, agent, attempt, task, startedAt, completedAt, failure, output, tools, usage } = step
  const message = messageOf(step)
  const isFailure = step.phase === 'Failed' || step.phase === 'Cancelled' || step.phase === 'AttemptFailed'
  const remedy = isFailure ? failure?.remedy : undefined
  return {
    name,
    phase: phaseOf(step),
    role,
    resolvedAgent: agent,
    ...(attempt === 0 ? {} : { attempts: attempt }),
    ...(task === undefined ? {} : { taskID: task }),
    ...(output === undefined ? {} : outputFields(output, share.output)),
    ...(startedAt === undefined ? {} : { startTime: wholeSeconds(startedAt) }),
    ...(completedAt === undefined ? {} : { completionTime: wholeSeconds(completedAt) }),
    ...(message === undefined ? {} : { message: shortened(message, share.message) }),
    ...(isFailure && failure !== undefined ? { errorCode: failure.code } : {}),
    ...(remedy === undefined ? {} : { errorSuggestion: shortened(remedy, share.message) }),
    ...tokens('tokenUsage', usage),
    ...toolFields(tools, share.tools),
  }
}

const phaseOf = ({ phase }: StepState): NonNullable<PipelineStepStatus['phase']> =>
  phase === 'Submitted' || phase === 'AttemptFailed' ? 'Pending' : phase

const messageOf = (step: StepState): string | undefined => {
  const { phase, agent, attempt, notBefore, submittedAt, failure } = step
  const before =
    failure === undefined ? '' : `; attempt before failed with ${failure.code}: ${failure.message}`
  switch (phase) {
    case 'Pending':
    case 'Succeeded':
      return undefined
    case 'Submitted':
      return notBefore === undefined
        ? `waits for agent ${JSON.stringify(agent)} to take it${submittedAt === undefined ? '' : ` since ${wholeSeconds(submittedAt)}`}${before}`
        : `attempt ${attempt} starts after ${wholeSeconds(notBefore)}${before}`
    case 'Running':
      return attempt > 1 ? `attempt ${attempt}${before}` : undefined
    case 'AttemptFailed':
    case 'Failed':
    case 'Skipped':
    case 'Cancelled':
      return failure?.message
  }
}

const toolFields = (
  tools: StepState['tools'],
  share: number,
): Pick<PipelineStepStatus, 'toolCalls' | 'toolCallsMade' | 'toolCallsDenied'> => {
  if (tools.length === 0) return {}
  const sum = (count: (use: StepState['tools'][number]) => number): number =>
    tools.reduce((total, use) => total + count(use), 0)
  // Names of tools that do not exist come from a model and may be anything; as keys of a list they must differ.
  const named = new Map(tools.slice(0, share).map((use) => [fitting(use.tool, sizes.toolName), use]))
  return {
    ...(named.size === 0
      ? {}
      : {
          toolCalls: [...named].map(([tool, { made, failed, denied, unknown }]) => ({
            tool,
            made,
            failed,
            denied,
            unknown,
          })),
        }),
    toolCallsMade: sum(({ made }) => made),
    toolCallsDenied: sum(({ denied }) => denied),
  }
}

const conditionsOf = ({
  state,
  previous,
  generation,
  now,
  suspended = false,
}: RunStatusRequest): readonly Condition[] => {
  const { status, reason, message, since } = whereRunIs(state, suspended)
  const unknown = unknownOutcomes(state)
  const conditions: (Omit<Condition, 'lastTransitionTime'> & { readonly since: string | undefined })[] = [
    { type: 'Succeeded', status, reason, message, since },
    ...(unknown.length === 0
      ? []
      : [
          {
            type: 'OutcomeUnknown',
            status: 'True' as const,
            reason: 'ToolOutcomeUnknown',
            message: `it is not known whether these calls took effect: ${unknown.join(', ')}; look at the other side before you run this again`,
            since: undefined,
          },
        ]),
  ]
  return conditions.map(({ since, ...condition }) => {
    const before = previous?.conditions?.find(({ type }) => type === condition.type)
    const turned = wholeSeconds(since ?? new Date(now).toISOString())
    return {
      ...condition,
      observedGeneration: generation,
      message: shortened(condition.message, sizes.runMessage),
      lastTransitionTime: before?.status === condition.status ? before.lastTransitionTime : turned,
    }
  })
}
