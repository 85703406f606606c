// What a rehearsal plays: a pipeline of two steps for one agent that calls one tool, and the words of that agent.

import type { SwarmRun, SwarmTeam } from '../../api/v1alpha1/index.ts'
import type { EffectivePolicy, Limit } from '../../domain/guardrail/effective-policy.ts'
import type { RecordBody } from '../../domain/journal/record.ts'
import { storeText } from '../../domain/journal/stored-text.ts'
import type { Task } from '../../domain/run/task.ts'

export const namespace = 'rehearsal'
export const agentName = 'player'

const prose = 'The primary stopped answering at 02:47 and 312 connections were refused. '.repeat(20)

export const madeUpTeam: SwarmTeam = {
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmTeam',
  metadata: { namespace, name: 'rehearsal' },
  spec: {
    roles: [{ name: 'player', swarmAgent: agentName }],
    pipeline: [
      { role: 'player', name: 'reads', inputs: { alert: '{{ .input.alert }}' } },
      { role: 'player', name: 'tells', dependsOn: ['reads'], inputs: { found: '{{ .steps.reads.output }}' } },
    ],
    output: '{{ .steps.tells.output }}',
  },
}

export const madeUpRun: SwarmRun = {
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmRun',
  metadata: { namespace, name: 'rehearsal' },
  spec: { teamRef: 'rehearsal', input: { alert: prose } },
}

const source = { kind: 'builtin', name: 'rehearsal', field: 'limits' } as const
const limit = (value: number): Limit => ({ value, source })

export const madeUpPolicy: EffectivePolicy = {
  agent: { namespace, name: agentName },
  revision: 'rehearsal',
  tools: {
    servers: ['stage'],
    allow: [[{ pattern: 'stage/*', source }]],
    deny: [{ pattern: 'shell/*', source }],
    constraints: [],
    effects: [],
  },
  models: { allow: [], deny: [] },
  limits: {
    tokensPerCall: limit(4000),
    dailyTokens: limit(1_000_000_000),
    timeoutSeconds: limit(60),
    concurrentTasks: limit(1),
    retries: limit(0),
    turnsPerTask: limit(4),
    callsPerTask: limit(4),
    identicalCalls: limit(4),
  },
}

type Line<Type extends RecordBody['type']> = RecordBody & { readonly type: Type }

/** What the agent tells of its task: it asks, calls a tool, asks again, and is done. */
export const linesOf = ({ id, step, attempt }: Task) => {
  const model = 'rehearsal'
  const usage = { inputTokens: 800, outputTokens: 20 }
  const call = { step, attempt, turn: 1, call: 1, server: 'stage', tool: 'prompt' }
  return {
    asks: (turn: number): Line<'llm.requested'> => ({
      type: 'llm.requested',
      step,
      attempt,
      turn,
      model,
      provider: 'rehearsal',
      estimatedInputTokens: 800,
      maxOutputTokens: 400,
    }),
    isAnswered: (turn: number): Line<'llm.responded'> => ({
      type: 'llm.responded',
      step,
      attempt,
      turn,
      model,
      text: storeText(prose),
      toolCalls: [],
      usage,
      finishReason: 'stop',
      durationMs: 1,
    }),
    calls: {
      type: 'tool.intended',
      ...call,
      arguments: { line: prose },
      effect: 'read',
      idempotencyKey: `${id}/1/1`,
    } as const,
    hears: {
      type: 'tool.returned',
      ...call,
      isError: false,
      content: storeText(prose),
      durationMs: 1,
    } as const,
    isDone: {
      type: 'task.completed',
      step,
      attempt,
      task: id,
      output: storeText(prose),
      usage,
      turns: 2,
      toolCalls: 1,
    } as const,
  }
}
