// A stage for tests of the agent: the seed's investigator and notifier, a model that follows a script, tool servers
// that keep a ledger, and a clock on which a second passes quickly. Ports are implemented here, not mocked.

import { KubeswarmError } from '../../domain/error.ts'
import type { EffectivePolicy } from '../../domain/guardrail/effective-policy.ts'
import type { KnownSecret } from '../../domain/guardrail/known-secrets.ts'
import type { JournalRecord, RecordType, ToolEffect } from '../../domain/journal/record.ts'
import type { Task } from '../../domain/run/task.ts'
import { taskId } from '../../domain/run/task.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LanguageModel, ModelRequest, ModelTurn } from '../../ports/language-model.ts'
import type { ToolDefinition, ToolResult, ToolServer } from '../../ports/tool-server.ts'
import { modelPacer } from '../model-pacer.ts'
import type { ToolServerBinding } from '../pin-tools.ts'
import { startWorker, type Worker } from '../worker.ts'
import { inMemoryTaskSource, type InMemoryTaskSource } from './in-memory-task-source.ts'
import { silentLogger } from '../../ports/silent-logger.ts'

const SPEED = 100

export const fastClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * SPEED,
  after: (ms, action) => {
    const timer = setTimeout(action, ms / SPEED)
    return () => clearTimeout(timer)
  },
}

export const policyOf = ({
  servers = ['pagerduty', 'grafana'],
  allow,
  deny = [],
  effects = [],
  limits = {},
  revision = 'r1',
  models = { allow: [], deny: [] },
  constraints = [],
}: {
  readonly servers?: readonly string[]
  readonly allow?: readonly string[]
  readonly deny?: readonly string[]
  readonly effects?: readonly { readonly pattern: string; readonly effect: ToolEffect }[]
  readonly limits?: Partial<Record<keyof EffectivePolicy['limits'], number>>
  readonly revision?: string
  readonly models?: EffectivePolicy['models']
  readonly constraints?: EffectivePolicy['tools']['constraints']
} = {}): EffectivePolicy => {
  const limit = (name: keyof EffectivePolicy['limits'], value: number) => ({
    value: limits[name] ?? value,
    source: { kind: 'SwarmAgent', name: 'agent', field: `spec.guardrails.limits.${name}` } as const,
  })
  const rules = (field: string, patterns: readonly string[]) =>
    patterns.map((pattern, index) => ({
      pattern,
      source: { kind: 'SwarmAgent', name: 'agent', field: `${field}[${index}]` } as const,
    }))
  return {
    agent: { namespace: 'incident-response', name: 'agent' },
    revision,
    tools: {
      servers,
      allow: allow === undefined ? [] : [rules('spec.guardrails.tools.allow', allow)],
      deny: rules('spec.guardrails.tools.deny', deny),
      constraints,
      effects: effects.map(({ pattern, effect }) => ({
        pattern,
        effect,
        source: { kind: 'SwarmAgent', name: 'agent', field: 'spec.guardrails.tools.effects' } as const,
      })),
    },
    models,
    limits: {
      tokensPerCall: limit('tokensPerCall', 4000),
      timeoutSeconds: limit('timeoutSeconds', 600),
      concurrentTasks: limit('concurrentTasks', 5),
      retries: limit('retries', 3),
      turnsPerTask: limit('turnsPerTask', 25),
      callsPerTask: limit('callsPerTask', 50),
      identicalCalls: limit('identicalCalls', 3),
      ...(limits.namespaceDailyTokens === undefined
        ? {}
        : { namespaceDailyTokens: limit('namespaceDailyTokens', 0) }),
    },
  }
}

export const taskOf = (change: Partial<Task> = {}): Task => {
  const run = { namespace: 'incident-response', name: 'incident-001', uid: 'uid-1' }
  const step = change.step ?? 'investigator'
  const attempt = change.attempt ?? 1
  return {
    id: taskId({ run: run.uid, step, attempt }),
    run,
    step,
    attempt,
    agent: { namespace: 'incident-response', name: 'agent' },
    prompt: 'PagerDuty Incident P-48291: High error rate on payments-api',
    input: { incidentId: 'P-48291' },
    mustCall: [],
    maxOutputBytes: 1024 * 1024,
    ...change,
  }
}

export const says = (text: string, change: Partial<ModelTurn> = {}): ModelTurn => ({
  text,
  toolCalls: [],
  finishReason: 'stop',
  usage: { inputTokens: 100, outputTokens: 20 },
  model: 'qwen2.5:7b',
  ...change,
})

/** `[alias, arguments]` per call; arguments as text are sent as they are. */
export const calls = (...wanted: readonly (readonly [string, unknown])[]): ModelTurn =>
  says('', {
    finishReason: 'tool-calls',
    toolCalls: wanted.map(([name, args], index) => ({
      id: `id-${index}`,
      name,
      arguments: typeof args === 'string' ? args : JSON.stringify(args),
    })),
  })

export type Script =
  | readonly (ModelTurn | KubeswarmError)[]
  | ((request: ModelRequest, turn: number) => ModelTurn | Promise<ModelTurn>)

export interface ScriptedModel extends LanguageModel {
  readonly requests: readonly ModelRequest[]
}

export const scriptedModel = (script: Script): ScriptedModel => {
  const requests: ModelRequest[] = []
  return {
    provider: 'openai',
    endpoint: 'localhost:11434',
    requests,
    generate: async (request) => {
      requests.push(request)
      if (typeof script === 'function') return script(request, requests.length)
      const next = script[requests.length - 1]
      if (next === undefined) throw new KubeswarmError({ code: 'Internal', message: 'the script has ended' })
      if (next instanceof KubeswarmError) throw next
      return next
    },
  }
}

export interface LedgerEntry {
  readonly tool: string
  readonly arguments: unknown
  readonly idempotencyKey: string
}
export interface StagedServer extends ToolServer {
  readonly ledger: readonly LedgerEntry[]
}

export const stagedServer = ({
  name,
  tools,
  answer = ({ tool }) => `result of ${tool}`,
}: {
  readonly name: string
  readonly tools: readonly (string | ToolDefinition)[]
  readonly answer?: (
    call: LedgerEntry & { readonly signal: AbortSignal },
  ) => string | ToolResult | Promise<string | ToolResult>
}): StagedServer => {
  const ledger: LedgerEntry[] = []
  return {
    name,
    ledger,
    listTools: async () =>
      tools.map((tool) =>
        typeof tool === 'string'
          ? { name: tool, description: `${tool} of ${name}`, inputSchema: { type: 'object' } }
          : tool,
      ),
    callTool: async ({ tool, arguments: args, idempotencyKey, signal }) => {
      const entry = { tool, arguments: args, idempotencyKey }
      ledger.push(entry)
      const result = await answer({ ...entry, signal })
      return typeof result === 'string' ? { text: result, isError: false, truncated: false } : result
    },
    close: async () => undefined,
  }
}

export interface Stage {
  readonly source: InMemoryTaskSource
  readonly worker: Worker
  readonly model: ScriptedModel
  readonly records: (...types: readonly RecordType[]) => readonly JournalRecord[]
}

export const stage = ({
  script,
  servers = [],
  source = inMemoryTaskSource(),
  concurrentTasks = 5,
  holder = 'pod-1',
  systemPrompt = 'You are an SRE investigator.',
  secrets = [],
}: {
  readonly script: Script | ScriptedModel
  readonly servers?: readonly (ToolServer | ToolServerBinding)[]
  readonly source?: InMemoryTaskSource
  readonly concurrentTasks?: number
  readonly holder?: string
  readonly systemPrompt?: string
  readonly secrets?: readonly KnownSecret[]
}): Stage => {
  const model = 'generate' in script ? script : scriptedModel(script)
  const random = (): number => 0.5
  const worker = startWorker({
    source,
    holder,
    agent: 'agent',
    concurrentTasks,
    tools: {
      access: {
        model,
        modelName: 'qwen2.5:7b',
        systemPrompt,
        pacer: modelPacer({ clock: fastClock, random }),
      },
      servers: servers.map((server) => ('server' in server ? server : { server, onUnavailable: 'fail' })),
      clock: fastClock,
      random,
      secrets: () => secrets,
    },
    log: silentLogger,
  })
  return {
    source,
    worker,
    model,
    records: (...types) =>
      source.journal('uid-1').filter(({ type }) => types.length === 0 || types.includes(type)),
  }
}

/** Performs one task to its end and returns the last record. */
export const perform = async ({
  task = taskOf(),
  policy = policyOf(),
  ...setting
}: Parameters<typeof stage>[0] & { readonly task?: Task; readonly policy?: EffectivePolicy }): Promise<
  Stage & { readonly end: JournalRecord }
> => {
  const staged = stage(setting)
  staged.source.submit(task, policy)
  const end = await staged.source.ended(task.id)
  await staged.worker.drain(0)
  return { ...staged, end }
}
