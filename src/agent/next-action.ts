// The decision of the agent's loop: given what has been said, what comes next? Pure; asked live after each step and,
// while a conversation is restored from the journal, between its turns.

import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import { describeRule } from '../domain/guardrail/decision.ts'
import { outputDenied } from '../domain/guardrail/output-gate.ts'
import { checkedOutput, type OutputRules } from '../domain/run/output-rules.ts'
import { matchesTool } from '../domain/guardrail/glob.ts'
import type { Call, Conversation, Turn } from './conversation.ts'
import { allCalls } from './conversation.ts'
import type { Failure } from './failure.ts'

export type NextAction =
  | { readonly type: 'ask'; readonly note?: string }
  /** Calls of the last turn, by index, that have no result yet. */
  | { readonly type: 'call'; readonly turn: number; readonly calls: readonly number[] }
  /** An earlier owner announced this call and was gone before its result: it may or may not have happened. */
  | { readonly type: 'outcome-unknown'; readonly turn: number; readonly call: number }
  | { readonly type: 'finish'; readonly output: string }
  | { readonly type: 'fail'; readonly failure: Failure }

/** Times in a row a model may be told that its arguments do not fit. */
const MAX_REPAIRS = 2

export const nextAction = ({
  conversation,
  limits,
  mustCall,
  maxOutputBytes,
  outputRules,
  policies = [],
}: {
  readonly conversation: Conversation
  readonly limits: EffectivePolicy['limits']
  readonly mustCall: readonly string[]
  readonly maxOutputBytes: number
  readonly outputRules?: OutputRules | undefined
  /** Whose rules for outputs hold. */
  readonly policies?: readonly EffectivePolicy[]
}): NextAction => {
  const turn = conversation.turns.at(-1)
  if (turn === undefined) return { type: 'ask' }
  return (
    badEnding(turn) ??
    openCalls(turn) ??
    cappedCall(turn) ??
    tooManyRepairs(conversation) ??
    (turn.calls.length > 0 ? askAgain(conversation, limits) : undefined) ??
    emptyAnswer(turn) ??
    requiredCall({ conversation, mustCall, limits }) ??
    answer({ conversation, turn, maxOutputBytes, outputRules, limits, policies })
  )
}

const fail = (failure: Failure): NextAction => ({ type: 'fail', failure })

// A turn that did not end by itself is never acted on: half a tool call is not a tool call.
const badEnding = ({ finishReason, number }: Turn): NextAction | undefined => {
  switch (finishReason) {
    case 'length':
      return fail({
        code: 'AnswerTruncated',
        message: `the model's answer in turn ${number} was cut off at its token limit`,
        remedy:
          'raise spec.guardrails.limits.tokensPerCall of the agent (or maxTokensPerCall of its policy), or ask for less',
        retryable: true,
      })
    case 'content-filter':
      return fail({
        code: 'ModelRefused',
        message: `the provider's content filter stopped the answer in turn ${number}`,
        retryable: false,
      })
    case 'error':
      return fail({
        code: 'InvalidModelResponse',
        message: `the provider ended turn ${number} with an error`,
        retryable: true,
      })
    default:
      return undefined
  }
}

const openCalls = (turn: Turn): NextAction | undefined => {
  // After a cap was reached the rest of the turn is not looked at any more.
  if (cappedCall(turn) !== undefined) return undefined
  const open = turn.calls.flatMap(({ state }, index) =>
    state.type === 'requested' || state.type === 'intended' ? [index] : [],
  )
  const unknown = open.find((index) => {
    const state = turn.calls[index]?.state
    return state?.type === 'intended' && state.effect === 'write'
  })
  if (unknown !== undefined) return { type: 'outcome-unknown', turn: turn.number, call: unknown }
  return open.length > 0 ? { type: 'call', turn: turn.number, calls: open } : undefined
}

const cappedCall = ({ calls }: Turn): NextAction | undefined => {
  for (const call of calls) {
    if (call.state.type !== 'denied') continue
    const { reason, message } = call.state
    if (reason === 'LoopDetected' || reason === 'CallLimitReached') {
      return fail({ code: reason, message, remedy: loopRemedy, retryable: false })
    }
  }
  return undefined
}

const loopRemedy =
  "read the run's journal: the repeated calls and their results show what the model is missing"

const tooManyRepairs = ({ turns }: Conversation): NextAction | undefined => {
  let inARow = 0
  for (const { calls } of turns.toReversed()) {
    if (!calls.some(isMisfit)) break
    inARow++
  }
  if (inARow <= MAX_REPAIRS) return undefined
  const call = turns.at(-1)?.calls.find(isMisfit)
  const message = call?.state.type === 'denied' ? call.state.message : ''
  return fail({
    code: 'InvalidModelResponse',
    message: `the model sent unusable tool arguments ${inARow} times in a row: ${message}`,
    remedy: 'use a model that is better at tool calls, or describe the arguments in the prompt',
    retryable: true,
  })
}

const isMisfit = ({ state }: Call): boolean => state.type === 'denied' && state.reason === 'InvalidArguments'

const askAgain = (
  { turns }: Conversation,
  { turnsPerTask }: EffectivePolicy['limits'],
  note?: string,
): NextAction => {
  if (turns.length < turnsPerTask.value) return { type: 'ask', ...(note === undefined ? {} : { note }) }
  return fail({
    code: 'TurnLimitReached',
    message: `the model gave no final answer within ${turnsPerTask.value} turns`,
    remedy: loopRemedy,
    retryable: false,
  })
}

const emptyAnswer = ({ text, number }: Turn): NextAction | undefined =>
  text.trim() === ''
    ? fail({
        code: 'EmptyAnswer',
        message: `the model ended turn ${number} with neither an answer nor a tool call`,
        remedy: 'small models do this: try a larger one, or a shorter prompt',
        retryable: true,
      })
    : undefined

const requiredCall = ({
  conversation,
  mustCall,
  limits,
}: {
  readonly conversation: Conversation
  readonly mustCall: readonly string[]
  readonly limits: EffectivePolicy['limits']
}): NextAction | undefined => {
  const calls = allCalls(conversation)
  const missing = mustCall.filter(
    (pattern) =>
      !calls.some(
        ({ tool, state }) =>
          tool !== undefined && state.type === 'returned' && !state.isError && matchesTool(pattern, tool),
      ),
  )
  if (missing.length === 0) return undefined
  const names = missing.map((name) => `"${name}"`).join(', ')
  if (conversation.turns.some(({ note }) => note?.startsWith(unfinished))) {
    return fail({
      code: 'RequiredToolNotCalled',
      message: `the step must call ${names} with success, and the model ended without it`,
      remedy: 'see the denied and failed calls in the journal; a bigger model follows instructions better',
      retryable: true,
    })
  }
  return askAgain(
    conversation,
    limits,
    `${unfinished} this task requires a successful call of ${names}. Make the call now, then answer.`,
  )
}

const unfinished = 'You have not finished:'
const unusable = 'Your answer cannot be used:'

/** The last word of a conversation: an output, unless the step or a policy has something against it. */
const answer = ({
  conversation,
  turn,
  maxOutputBytes,
  outputRules,
  limits,
  policies,
}: {
  readonly conversation: Conversation
  readonly turn: Turn
  readonly maxOutputBytes: number
  readonly outputRules: OutputRules | undefined
  readonly limits: EffectivePolicy['limits']
  readonly policies: readonly EffectivePolicy[]
}): NextAction => {
  const checked = checkedOutput(outputRules, turn.text)
  if (checked.type === 'misfit') {
    const asked = conversation.turns.filter(({ note }) => note?.startsWith(unusable)).length
    if (asked < (outputRules?.retries ?? 0))
      return askAgain(conversation, limits, `${unusable} ${checked.fault}. Give the whole answer again.`)
    return fail({
      code: 'OutputInvalid',
      message: `the model's answer is not what the step demands: ${checked.fault}${asked === 0 ? '' : ` (asked again ${asked} times)`}`,
      remedy:
        'look at the answer in the journal; sharpen the prompt, or change outputSchema or validate of the step',
      retryable: false,
    })
  }
  const { output } = checked
  for (const policy of policies) {
    const denied = outputDenied({ policy, output })
    if (denied !== undefined)
      return fail({
        code: 'PolicyDenied',
        message: denied.message,
        remedy: `look at the answer in the journal; have ${describeRule(denied.rule)} changed if it is harmless`,
        retryable: false,
      })
  }
  return tooLong(output, maxOutputBytes) ?? { type: 'finish', output }
}

const tooLong = (text: string, maxOutputBytes: number): NextAction | undefined => {
  const bytes = Buffer.byteLength(text)
  if (bytes <= maxOutputBytes) return undefined
  return fail({
    code: 'OutputInvalid',
    message: `the answer is ${bytes} bytes and the step's maxOutputBytes is ${maxOutputBytes}`,
    remedy: 'raise maxOutputBytes of the step, or ask for a shorter answer',
    retryable: true,
  })
}
