// A refusal of the gate, told: to the log, to the journal, and to the model as the state of its call.

import { describeRule } from '../domain/guardrail/decision.ts'
import type { Task } from '../domain/run/task.ts'
import type { Logger } from '../ports/logger.ts'
import type { Refusal } from './allow-call.ts'
import type { CallState } from './conversation.ts'
import type { TaskSession } from './task-session.ts'

export const recordDenial = async ({
  refusal: { denied, name, arguments: args },
  index,
  turn,
  task,
  session,
  log,
}: {
  readonly refusal: Refusal
  /** Of the call inside the turn. */
  readonly index: number
  readonly turn: number
  readonly task: Task
  readonly session: TaskSession
  readonly log: Logger
}): Promise<CallState> => {
  const rule = describeRule(denied.rule)
  log.warn({ ...name, turn, call: index, reason: denied.reason, rule }, 'tool call denied')
  await session.append([
    {
      type: 'tool.denied',
      step: task.step,
      attempt: task.attempt,
      turn,
      call: index,
      ...name,
      arguments: args,
      reason: denied.reason,
      rule,
      message: denied.message,
    },
  ])
  return { type: 'denied', reason: denied.reason, message: denied.message }
}
