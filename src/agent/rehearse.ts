// A made-up task, performed in memory before the first real one: it touches nothing outside the process and leaves no
// trace. The engine compiles a function when it is first called; a run should not wait for that, step after step.

import { redactingPorts } from './redaction/redacting-ports.ts'
import type { EffectivePolicy, Limit } from '../domain/guardrail/effective-policy.ts'
import type { KnownSecret } from '../domain/guardrail/known-secrets.ts'
import type { Clock } from '../ports/clock.ts'
import type { LanguageModel, ModelTurn } from '../ports/language-model.ts'
import type { AssignedTask, Standing, TaskSource } from '../ports/task-source.ts'
import type { ToolServer } from '../ports/tool-server.ts'
import { modelPacer } from './model-pacer.ts'
import { performTask, type TaskEnd } from './perform-task.ts'
import { runToolsets } from './run-toolsets.ts'
import { TaskSession } from './task-session.ts'
import { silentLogger } from '../ports/silent-logger.ts'

/** More of them gain nothing that a run would notice. */
const ROUNDS = 3

/** How the last of the performances ended: `completed`, or something is wrong with the play. */
export const rehearse = async ({
  clock,
  random,
  secrets,
}: {
  readonly clock: Clock
  readonly random: () => number
  readonly secrets: () => readonly KnownSecret[]
}): Promise<TaskEnd> => {
  let end: TaskEnd = 'abandoned'
  for (let round = 0; round < ROUNDS; round++) {
    const ports = redactingPorts(
      { source, model: modelOfTwoTurns(), servers: [{ server, onUnavailable: 'fail' }], log: silentLogger },
      secrets,
    )
    const session = new TaskSession({ source: ports.source, assigned, clock, log: ports.log })
    try {
      end = await performTask({
        assigned,
        session,
        tools: {
          access: {
            model: ports.model,
            modelName: 'rehearsal',
            systemPrompt: PROSE,
            pacer: modelPacer({ clock, random }),
          },
          servers: ports.servers,
          clock,
          random,
          secrets,
          toolsets: runToolsets(),
          content: () => Promise.resolve(undefined),
        },
        log: ports.log,
      })
    } finally {
      session.close()
    }
  }
  return end
}

const PROSE = 'The primary stopped answering at 02:47 and 312 connections were refused. '.repeat(20)

const ruleSource = { kind: 'builtin', name: 'rehearsal', field: 'limits' } as const
const limit = (value: number): Limit => ({ value, source: ruleSource })
const agent = { namespace: 'rehearsal', name: 'rehearsal' }
const policy: EffectivePolicy = {
  agent,
  revision: 'rehearsal',
  tools: {
    servers: ['stage'],
    allow: [[{ pattern: 'stage/*', source: ruleSource }]],
    deny: [{ pattern: 'shell/*', source: ruleSource }],
    constraints: [],
    effects: [],
  },
  models: { allow: [], deny: [] },
  limits: {
    tokensPerCall: limit(100_000),
    timeoutSeconds: limit(60),
    concurrentTasks: limit(1),
    retries: limit(0),
    turnsPerTask: limit(4),
    callsPerTask: limit(4),
    identicalCalls: limit(4),
  },
}

const assigned: AssignedTask = {
  task: {
    id: 'rehearsal/rehearsal/1',
    run: { ...agent, uid: 'rehearsal' },
    step: 'rehearsal',
    attempt: 1,
    agent,
    prompt: PROSE,
    input: {},
    mustCall: [],
    maxOutputBytes: 65_536,
  },
  fence: 1,
  expiresAt: '9999-01-01T00:00:00.000Z',
  policy,
  history: [],
}

const standing: Standing = { expiresAt: assigned.expiresAt, policy }

const source: TaskSource = {
  lease: () => Promise.resolve(undefined),
  heartbeat: () => Promise.resolve(standing),
  record: () => Promise.resolve(standing),
  reserve: () => Promise.resolve({ standing, reservation: { type: 'reserved' } }),
  finish: () => Promise.resolve(),
  release: () => Promise.resolve(),
  content: () => Promise.resolve(undefined),
}

const server: ToolServer = {
  name: 'stage',
  listTools: () =>
    Promise.resolve([
      {
        name: 'prompt',
        description: PROSE,
        inputSchema: { type: 'object', properties: { line: { type: 'string' } }, required: ['line'] },
        annotations: { readOnlyHint: true },
      },
    ]),
  callTool: () => Promise.resolve({ text: PROSE, isError: false, truncated: false }),
  close: () => Promise.resolve(),
}

const modelOfTwoTurns = (): LanguageModel => {
  const common = { usage: { inputTokens: 800, outputTokens: 20 }, model: 'rehearsal' } as const
  const turns: ModelTurn[] = [
    {
      ...common,
      text: '',
      finishReason: 'tool-calls',
      toolCalls: [{ id: '1', name: 'stage__prompt', arguments: JSON.stringify({ line: PROSE }) }],
    },
    { ...common, text: PROSE, finishReason: 'stop', toolCalls: [] },
  ]
  return {
    provider: 'rehearsal',
    endpoint: 'rehearsal',
    generate: () => {
      const turn = turns.shift()
      return turn === undefined ? Promise.reject(new Error('the play is over')) : Promise.resolve(turn)
    },
  }
}
