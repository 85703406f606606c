// A step that may run: skipped by its `if`, failed by its templates, or handed to its agent.

import { createHmac } from 'node:crypto'
import type { StepState } from '../journal/fold.ts'
import type { RecordBody } from '../journal/record.ts'
import { deadlineOf } from './deadline.ts'
import type { Planning, RunAction } from './planning.ts'
import { schemaAdvice } from './output-rules.ts'
import { roundOf } from './round.ts'
import { runData } from './run-data.ts'
import { stepCondition, stepPrompt } from './step-prompt.ts'
import { taskId } from './task.ts'
import type { Task } from './task.ts'

export const startStep = (
  planning: Planning,
  { name, promptAttempt }: StepState,
  {
    attempt,
    notBefore,
    continues,
  }: { readonly attempt: number; readonly notBefore?: string; readonly continues?: number },
): RunAction => {
  const { snapshot, state, contents, run } = planning
  const failed = (reason: string, message: string): RunAction =>
    record({ type: 'step.failed', step: name, reason, message, ...roundOf(state) })

  const step = snapshot.steps.find((plan) => plan.name === name)
  if (step === undefined) return failed('Internal', `the run's snapshot has no step ${JSON.stringify(name)}`)
  const result = runData({ snapshot, state, contents })
  if (result.type === 'lost') {
    const message = `the output of step ${JSON.stringify(result.step)} (sha256 ${result.sha256}) is not in the store`
    return failed('OutputUnavailable', message)
  }
  const { data } = result
  // Decided once: a step that has begun is not skipped by a later look at the same condition.
  if (step.if !== undefined && attempt === 1) {
    const condition = stepCondition({ condition: step.if, data })
    if (condition.type === 'error') return failed('TemplateError', condition.message)
    if (condition.type === 'skipped') {
      const message = `its condition is not met: if ${JSON.stringify(step.if)}`
      return record({ type: 'step.skipped', step: name, reason: 'ConditionFalse', message })
    }
  }
  // A conversation that goes on keeps the words it began with.
  const written = continues === undefined ? attempt : promptAttempt
  const prompt = stepPrompt({ snapshot, step, data, nonce: nonceOf(planning, name, written) })
  if (prompt.type === 'error') return failed('TemplateError', prompt.message)

  const deadline = deadlineOf(planning)
  const task: Task = {
    id: taskId({ run: run.uid, step: name, attempt }),
    run,
    step: name,
    attempt,
    agent: { namespace: snapshot.namespace, name: step.agent },
    prompt: [prompt.text, schemaAdvice(step.outputRules)].filter((text) => text !== '').join('\n\n'),
    input: snapshot.input,
    mustCall: step.mustCall,
    maxOutputBytes: step.maxOutputBytes,
    ...(step.outputRules === undefined ? {} : { outputRules: step.outputRules }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(continues === undefined ? {} : { continues }),
    ...(deadline === undefined ? {} : { deadline: new Date(deadline).toISOString() }),
    ...(planning.traceparent === undefined ? {} : { traceparent: planning.traceparent }),
  }
  const submitted: RecordBody = {
    type: 'step.submitted',
    step: name,
    attempt,
    task: task.id,
    agent: step.agent,
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(continues === undefined ? {} : { continues }),
  }
  return { type: 'submit', task, records: [submitted] }
}

const record = (body: RecordBody): RunAction => ({ type: 'record', records: [body] })

/** Known to nobody without the salt, and the same whenever the same attempt is planned. */
const nonceOf = ({ salt, run }: Planning, step: string, attempt: number): string =>
  createHmac('sha256', salt)
    .update(JSON.stringify([run.uid, step, attempt]))
    .digest('hex')
    .slice(0, 16)
