// The only place that calls a tool. It takes the gate's permission, announces the call in the journal, asks the gate
// again where the journal's answer brought another policy, makes the call, and says truthfully what became of it: one
// that may or may not have happened is neither a success nor a failure.

import { KubeswarmError } from '../domain/error.ts'
import { storeText } from '../domain/journal/stored-text.ts'
import type { Task } from '../domain/run/task.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { ToolResult } from '../ports/tool-server.ts'
import type { AllowedCall } from './allow-call.ts'
import { redeem } from './allow-call.ts'
import { fateOf } from './call-fate.ts'
import type { CallState } from './conversation.ts'
import type { Failure } from './failure.ts'
import { failureFrom } from './failure.ts'
import { pause } from './pause.ts'
import { recordDenial } from './record-denial.ts'
import type { TaskSession } from './task-session.ts'
import { throwIfStopped } from './task-session.ts'
import { forJournal } from './tool-text.ts'

export interface CallOutcome {
  readonly state: CallState
  /** Set when the task cannot go on from here. */
  readonly failure?: Failure
}

const TRIES = 3
const RETRY_BASE_MS = 250

export const callTool = async ({
  call,
  task,
  turn,
  index,
  session,
  clock,
  random,
  log,
}: {
  readonly call: AllowedCall
  readonly task: Task
  readonly turn: number
  /** Of the call inside the turn. */
  readonly index: number
  readonly session: TaskSession
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
}): Promise<CallOutcome> => {
  if (!redeem(call)) {
    throw new KubeswarmError({
      code: 'PolicyDenied',
      message: 'cannot call a tool without a fresh permission of the gate',
    })
  }
  const { name, effect, idempotencyKey } = call
  const where = { step: task.step, attempt: task.attempt, turn, call: index, ...name }
  const policy = await session.append([
    { type: 'tool.intended', ...where, arguments: call.arguments, effect, idempotencyKey },
  ])
  // The wait for the journal may have outlasted the task. An announced call that was not made is no riddle: it says so.
  await session.owned().catch((stopped: unknown) => {
    const text = `"${name.server}/${name.tool}" was not called: the task was stopped before`
    session.ride(
      [{ type: 'tool.returned', ...where, isError: true, content: storeText(text), durationMs: 0 }],
      [text],
    )
    throw stopped
  })
  // The answer may be overtaken by that of a heartbeat which asked later and was read earlier: both count.
  const refusal = call.reconsider([...session.policies, policy])
  if (refusal !== undefined)
    return { state: await recordDenial({ refusal, index, turn, task, session, log }) }
  const started = clock.monotonic()
  const answer = await attempt({ call, session, clock, random, log })
  const durationMs = Math.round(clock.monotonic() - started)
  const fields = { ...name, turn, call: index, durationMs }

  if (answer.type === 'unknown') {
    // Whoever takes the task over finds the announcement without a result, and says the same.
    if (isHandedOver(session)) throw session.signal.reason
    const message = `the outcome of "${name.server}/${name.tool}" is unknown: ${answer.reason}`
    log.warn(fields, 'tool call has an unknown outcome')
    await session.append([{ type: 'tool.outcome-unknown', ...where, message }])
    return {
      state: { type: 'outcome-unknown', message },
      failure: outcomeUnknown({ message, server: name.server, task }),
    }
  }
  if (answer.type === 'failed' && session.signal.aborted && isHandedOver(session)) throw session.signal.reason

  const text = forJournal(answer.type === 'returned' ? answer.result.text : answer.failure.message)
  const isError = answer.type === 'failed' || answer.result.isError
  log.info({ ...fields, isError, bytes: Buffer.byteLength(text) }, 'tool call returned')
  session.ride([{ type: 'tool.returned', ...where, isError, content: storeText(text), durationMs }], [text])
  // A call cut short by the end of its task is not why the task ends.
  if (answer.type === 'failed') throwIfStopped(session)
  const state: CallState = { type: 'returned', effect, text, isError }
  if (answer.type === 'failed' && !answer.modelCanGoOn) return { state, failure: answer.failure }
  return { state }
}

/** The failure of a step whose tool call may or may not have happened. */
export const outcomeUnknown = ({
  message,
  server,
  task: { run, step },
}: {
  readonly message: string
  readonly server: string
  readonly task: Pick<Task, 'run' | 'step'>
}): Failure => ({
  code: 'OutcomeUnknown',
  message,
  remedy: `look at ${server} whether the call took effect, then: swarm resolve ${run.name} -n ${run.namespace} --step ${step} --outcome done (or not-done)`,
  retryable: false,
})

type Answer =
  | { readonly type: 'returned'; readonly result: ToolResult }
  /** Nothing happened outside, or nothing that a repetition would double. */
  | { readonly type: 'failed'; readonly failure: Failure; readonly modelCanGoOn: boolean }
  | { readonly type: 'unknown'; readonly reason: string }

const attempt = async ({
  call,
  session,
  clock,
  random,
  log,
}: {
  readonly call: AllowedCall
  readonly session: TaskSession
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
}): Promise<Answer> => {
  const { server, name, effect, idempotencyKey } = call
  for (let tries = 1; ; tries++) {
    try {
      const result = await server.callTool({
        tool: name.tool,
        arguments: call.arguments,
        idempotencyKey,
        signal: session.signal,
      })
      return { type: 'returned', result }
    } catch (error) {
      const failure = failureFrom(error, `call "${name.server}/${name.tool}"`)
      const fate = fateOf(error)
      if (effect === 'write' && fate === 'unknown') return { type: 'unknown', reason: failure.message }
      // What the server itself refuses, and a read that is too slow, the model can do something about.
      const modelCanGoOn = fate === 'answered' || failure.code === 'ToolTimeout'
      if (tries >= TRIES || session.signal.aborted || modelCanGoOn || !failure.retryable) {
        return { type: 'failed', failure, modelCanGoOn: modelCanGoOn && !session.signal.aborted }
      }
      log.warn({ ...name, code: failure.code, tries }, 'tool call is tried again')
      await pause({ clock, ms: random() * RETRY_BASE_MS * 2 ** tries, signal: session.signal })
      // A policy that came meanwhile forbids another try. The model hears of the failure.
      if (call.reconsider(session.policies) !== undefined)
        return { type: 'failed', failure, modelCanGoOn: !session.signal.aborted }
    }
  }
}

const isHandedOver = (session: TaskSession): boolean => {
  const type = session.stopReason?.type
  return type === 'drain' || type === 'lease-lost'
}
