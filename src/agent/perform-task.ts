// One task from lease to end: tools first, then the loop of decide, act, record, then exactly one ending.

import type { TokenUsage } from '../domain/journal/record.ts'
import { storeText } from '../domain/journal/stored-text.ts'
import { isKubeswarmError } from '../domain/error.ts'
import { describeRule } from '../domain/guardrail/decision.ts'
import type { KnownSecret } from '../domain/guardrail/known-secrets.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { AssignedTask } from '../ports/task-source.ts'
import { stepDenied } from '../domain/guardrail/output-gate.ts'
import { levelOf } from '../domain/run/output-rules.ts'
import { askModel, type ModelAccess } from './ask-model.ts'
import { makeCalls } from './make-calls.ts'
import { outcomeUnknown } from './call-tool.ts'
import type { Conversation } from './conversation.ts'
import { allCalls, mayHaveChangedSomething, newConversation, withCall } from './conversation.ts'
import type { Failure } from './failure.ts'
import { failureFrom, policyFailure } from './failure.ts'
import { nextAction, type NextAction } from './next-action.ts'
import type { RunToolsets } from './run-toolsets.ts'
import { pinTools, type ToolServerBinding } from './pin-tools.ts'
import { restoreConversation } from './restore-conversation.ts'
import type { StopReason, TaskSession } from './task-session.ts'
import { TaskStopped, throwIfStopped } from './task-session.ts'

export type TaskEnd = 'completed' | 'failed' | 'cancelled' | 'released' | 'abandoned'

export interface TaskTools {
  readonly access: ModelAccess
  readonly servers: readonly ToolServerBinding[]
  readonly clock: Clock
  readonly random: () => number
  /** Values the process holds that no tool may be given; read anew for each call. */
  readonly secrets: () => readonly KnownSecret[]
  readonly toolsets: RunToolsets
  readonly content: (sha256: string) => Promise<string | undefined>
}

export const performTask = async ({
  assigned,
  session,
  tools: { access, servers, clock, random, secrets, toolsets, content },
  log,
}: {
  readonly assigned: AssignedTask
  readonly session: TaskSession
  readonly tools: TaskTools
  readonly log: Logger
}): Promise<TaskEnd> => {
  const { task } = assigned
  const position = { step: task.step, attempt: task.attempt }
  const decide = (conversation: Conversation): NextAction =>
    nextAction({
      conversation,
      limits: session.policy.limits,
      mustCall: task.mustCall,
      maxOutputBytes: task.maxOutputBytes,
      outputRules: task.outputRules,
      policies: session.policies,
    })
  let conversation = newConversation(task.prompt)
  try {
    conversation = await restoreConversation({
      prompt: task.prompt,
      history: assigned.history,
      content,
      decide,
    })
    // Said before anything else can end the task: a tool server that is down, a cancellation.
    const first = decide(conversation)
    if (first.type === 'outcome-unknown') {
      const reported = await reportUnknown({ conversation, at: first, assigned, session })
      return await fail({ ...reported, assigned, session, log })
    }
    const refused = session.policies
      .map((policy) => stepDenied({ policy, step: task.step, level: levelOf(task.outputRules) }))
      .find((denied) => denied !== undefined)
    if (refused !== undefined)
      return await fail({ failure: policyFailure(refused), conversation, assigned, session, log })
    const pinned = await pinTools({
      servers,
      policies: session.policies,
      run: task.run.uid,
      toolsets,
      clock,
      signal: session.signal,
      log,
    })
    session.ride(pinned.listings.map((listing) => ({ ...listing, ...position })))
    throwIfStopped(session)
    if (pinned.type === 'failed')
      return await fail({ failure: pinned.failure, conversation, assigned, session, log })
    for (;;) {
      throwIfStopped(session)
      const action = decide(conversation)
      switch (action.type) {
        case 'ask': {
          const { note } = action
          const asked = await askModel({
            conversation,
            position,
            tools: pinned.tools,
            access,
            session,
            clock,
            log,
            ...(note === undefined ? {} : { note }),
          })
          conversation = asked.conversation
          if (asked.failure !== undefined)
            return await fail({ failure: asked.failure, conversation, assigned, session, log })
          break
        }
        case 'call': {
          const made = await makeCalls({
            conversation,
            calls: action.calls,
            task,
            tools: pinned.tools,
            session,
            clock,
            random,
            secrets,
            log,
          })
          conversation = made.conversation
          if (made.failure !== undefined)
            return await fail({ failure: made.failure, conversation, assigned, session, log })
          break
        }
        case 'outcome-unknown': {
          const reported = await reportUnknown({ conversation, at: action, assigned, session })
          return await fail({ ...reported, assigned, session, log })
        }
        case 'fail':
          return await fail({ failure: action.failure, conversation, assigned, session, log })
        case 'finish':
          await session.finish(
            [
              {
                type: 'task.completed',
                ...position,
                task: task.id,
                output: storeText(action.output),
                usage: conversation.usage,
                turns: conversation.turns.length,
                toolCalls: returnedCalls(conversation),
              },
            ],
            [action.output],
          )
          log.info({ turns: conversation.turns.length, usage: conversation.usage }, 'task completed')
          return 'completed'
      }
    }
  } catch (error) {
    return await endAfter({ error, conversation, assigned, session, log })
  }
}

const returnedCalls = (conversation: Conversation): number =>
  allCalls(conversation).filter(({ state }) => state.type === 'returned').length

/** An earlier owner announced a call that must not be repeated, and was gone before it could say what came of it. */
const reportUnknown = async ({
  conversation,
  at,
  assigned: { task },
  session,
}: {
  readonly conversation: Conversation
  readonly at: { readonly turn: number; readonly call: number }
  readonly assigned: AssignedTask
  readonly session: TaskSession
}): Promise<{ readonly conversation: Conversation; readonly failure: Failure }> => {
  const call = conversation.turns.find(({ number }) => number === at.turn)?.calls[at.call]
  const name = call?.tool ?? { server: '', tool: call?.alias ?? '' }
  const message = `the outcome of "${name.server}/${name.tool}" is unknown: the agent that made the call was gone before its result`
  await session.append([
    {
      type: 'tool.outcome-unknown',
      step: task.step,
      attempt: task.attempt,
      turn: at.turn,
      call: at.call,
      ...name,
      message,
    },
  ])
  return {
    conversation: withCall(conversation, at, { state: { type: 'outcome-unknown', message } }),
    failure: outcomeUnknown({ message, server: name.server, task }),
  }
}

interface Ending {
  readonly conversation: Conversation
  readonly assigned: AssignedTask
  readonly session: TaskSession
  readonly log: Logger
}

const fail = async ({
  failure,
  conversation,
  assigned: { task },
  session,
  log,
}: Ending & { readonly failure: Failure }): Promise<TaskEnd> => {
  // Doing the step over could do the same thing to the world twice.
  const retryable = failure.retryable && !mayHaveChangedSomething(conversation)
  const usage: TokenUsage = conversation.usage
  await session.finish([
    {
      type: 'task.failed',
      step: task.step,
      attempt: task.attempt,
      task: task.id,
      code: failure.code,
      message: failure.message,
      retryable,
      usage,
      ...(failure.remedy === undefined ? {} : { remedy: failure.remedy }),
      ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
    },
  ])
  log.warn({ code: failure.code, error: failure.message, retryable }, 'task failed')
  return 'failed'
}

const endAfter = async ({ error, ...ending }: Ending & { readonly error: unknown }): Promise<TaskEnd> => {
  const { session, log } = ending
  // Whatever broke after the signal broke because of it.
  const stop = error instanceof TaskStopped ? error.stop : session.stopReason
  try {
    if (stop !== undefined) return await endStopped({ stop, ...ending })
    if (isKubeswarmError(error) && (error.code === 'StaleLease' || error.code === 'HubUnavailable')) {
      log.warn({ code: error.code }, 'task abandoned')
      return 'abandoned'
    }
    return await fail({ failure: failureFrom(error, 'perform the task'), ...ending })
  } catch (second) {
    // Nothing more can be written; the lease runs out and the next owner goes on from the journal.
    log.error({ error: second instanceof Error ? second.message : String(second) }, 'task abandoned')
    return 'abandoned'
  }
}

const endStopped = async ({ stop, ...ending }: Ending & { readonly stop: StopReason }): Promise<TaskEnd> => {
  const { assigned, session, log } = ending
  const { task } = assigned
  switch (stop.type) {
    case 'cancelled':
      await session.finish([
        {
          type: 'task.cancelled',
          step: task.step,
          attempt: task.attempt,
          task: task.id,
          reason: stop.reason,
        },
      ])
      log.info({ reason: stop.reason }, 'task cancelled')
      return 'cancelled'
    case 'timeout':
      return fail({
        failure: {
          code: 'TaskTimeout',
          message: stop.message,
          remedy: stop.remedy,
          retryable: !stop.deadline,
        },
        ...ending,
      })
    case 'drain':
      await session.release()
      log.info({}, 'task released')
      return 'released'
    case 'lease-lost':
      log.warn({ code: 'StaleLease' }, 'task abandoned')
      return 'abandoned'
  }
}

/** Bounds the task by its policy's timeout and by its run's deadline. */
export const limitTime = ({
  assigned: { task, policy },
  session,
  clock,
}: {
  readonly assigned: AssignedTask
  readonly session: TaskSession
  readonly clock: Clock
}): void => {
  const { value, source } = policy.limits.timeoutSeconds
  session.stopAfter(value * 1000, {
    type: 'timeout',
    message: `step "${task.step}" took longer than ${value} s, set by ${describeRule(source)}`,
    remedy: `raise ${describeRule(source)}, or use a faster model`,
    deadline: false,
  })
  if (task.deadline === undefined) return
  session.stopAfter(Math.max(0, Date.parse(task.deadline) - clock.now()), {
    type: 'timeout',
    message: `the run's deadline ${task.deadline} passed while step "${task.step}" ran`,
    remedy: 'raise timeoutSeconds of the run',
    deadline: true,
  })
}
