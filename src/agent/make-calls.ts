// The tool calls of one turn: each judged right before it would be made. Calls that only read may run side by side;
// anything else runs alone and in the model's order. Results find their call by its place.

import type { KnownSecret } from '../domain/guardrail/known-secrets.ts'
import type { Task } from '../domain/run/task.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import { allowCall, type AllowedCall } from './allow-call.ts'
import { callTool, type CallOutcome } from './call-tool.ts'
import type { CallState, Conversation } from './conversation.ts'
import { callsBefore, withCall } from './conversation.ts'
import type { Failure } from './failure.ts'
import type { PinnedTools } from './pin-tools.ts'
import { recordDenial } from './record-denial.ts'
import type { TaskSession } from './task-session.ts'
import { throwIfStopped } from './task-session.ts'

const READS_AT_ONCE = 8

export const makeCalls = async ({
  conversation: before,
  calls,
  task,
  tools,
  session,
  clock,
  random,
  secrets,
  log,
}: {
  readonly conversation: Conversation
  /** Indexes of calls of the last turn. */
  readonly calls: readonly number[]
  readonly task: Task
  readonly tools: PinnedTools
  readonly session: TaskSession
  readonly clock: Clock
  readonly random: () => number
  readonly secrets: () => readonly KnownSecret[]
  readonly log: Logger
}): Promise<{ readonly conversation: Conversation; readonly failure?: Failure }> => {
  let conversation = before
  const turn = before.turns.at(-1)
  if (turn === undefined) return { conversation }
  const reading: { readonly index: number; readonly outcome: Promise<CallOutcome> }[] = []
  const make = (index: number, call: AllowedCall): Promise<CallOutcome> =>
    callTool({
      call,
      task,
      turn: turn.number,
      index,
      session,
      clock,
      random,
      log,
    })
  let failure: Failure | undefined
  const settle = (index: number, outcome: CallOutcome): void => {
    conversation = withCall(conversation, { turn: turn.number, call: index }, { state: outcome.state })
    failure ??= outcome.failure
  }
  const settleReads = async (): Promise<void> => {
    // All are waited for, also after one failed: none may outlive its task.
    const settled = await Promise.allSettled(reading.map(({ outcome }) => outcome))
    const indexes = reading.map(({ index }) => index)
    reading.length = 0
    for (const [at, result] of settled.entries()) {
      if (result.status === 'rejected') throw result.reason
      const index = indexes[at]
      if (index !== undefined) settle(index, result.value)
    }
  }

  for (const index of calls) {
    const call = turn.calls[index]
    if (call === undefined) continue
    if (reading.length >= READS_AT_ONCE) await settleReads()
    if (failure !== undefined || session.signal.aborted) break
    const verdict = allowCall({
      call,
      earlier: callsBefore(conversation, index),
      policies: session.policies,
      tools,
      task,
      secrets: secrets(),
    })
    if (verdict.type === 'denied') {
      const state = await recordDenial({ refusal: verdict, index, turn: turn.number, task, session, log })
      conversation = withCall(conversation, { turn: turn.number, call: index }, { state, tool: verdict.name })
      if (isCapped(state)) break
      continue
    }
    conversation = withCall(
      conversation,
      { turn: turn.number, call: index },
      { state: call.state, tool: verdict.call.name },
    )
    if (verdict.call.effect === 'read-only') {
      const outcome = make(index, verdict.call)
      outcome.catch(() => undefined)
      reading.push({ index, outcome })
      continue
    }
    await settleReads()
    if (failure !== undefined || session.signal.aborted) break
    const outcome = await make(index, verdict.call)
    settle(index, outcome)
    if (isCapped(outcome.state)) break
  }
  await settleReads()
  if (failure !== undefined) return { conversation, failure }
  throwIfStopped(session)
  return { conversation }
}

const isCapped = (state: CallState): boolean =>
  state.type === 'denied' && (state.reason === 'LoopDetected' || state.reason === 'CallLimitReached')
