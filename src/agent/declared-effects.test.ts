// From the manifest to the tool server: what an author declares about a tool decides how its calls are made.

import { expect, test } from 'vitest'
import type { SwarmAgent } from '../api/v1alpha1/index.ts'
import { KubeswarmError } from '../domain/error.ts'
import { effectivePolicy } from '../domain/guardrail/merge-policies.ts'
import type { ToolDefinition } from '../ports/tool-server.ts'
import { calls, perform, says, stagedServer } from './testing/stage.ts'

type Declarations = NonNullable<
  NonNullable<NonNullable<SwarmAgent['spec']['guardrails']>['tools']>['effects']
>

const policyWith = (effects: Declarations) =>
  effectivePolicy({
    agent: {
      apiVersion: 'kubeswarm.io/v1alpha1',
      kind: 'SwarmAgent',
      metadata: { name: 'agent', namespace: 'incident-response' },
      spec: {
        model: 'qwen2.5:7b',
        prompt: { inline: 'You are an SRE investigator.' },
        tools: { mcp: [{ name: 'grafana', url: 'http://grafana' }] },
        guardrails: { tools: { effects } },
      },
    },
    policies: [],
  })

const queryLogs = (annotations: ToolDefinition['annotations'] = {}): ToolDefinition => ({
  name: 'query_logs',
  description: 'logs',
  inputSchema: { type: 'object' },
  annotations,
})

/** Loses the connection at the first call, after the request has left. */
const losesConnection = (definition: ToolDefinition) => {
  let tries = 0
  return stagedServer({
    name: 'grafana',
    tools: [definition],
    answer: () => {
      if (++tries > 1) return 'ok'
      throw new KubeswarmError({
        code: 'ToolServerUnavailable',
        message: 'connection lost',
        retryable: true,
        cause: Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }),
      })
    },
  })
}

const oneRead = () => [calls(['grafana__query_logs', {}]), says('done')]

test.each([
  { declared: 'ReadOnly', effect: 'read-only' },
  { declared: 'Idempotent', effect: 'idempotent' },
] as const)(
  'a tool declared $declared is called again after a lost connection',
  async ({ declared, effect }) => {
    const server = losesConnection(queryLogs())
    const policy = policyWith([{ tool: 'grafana/query_*', effect: declared }])
    const { end, records } = await perform({ servers: [server], policy, script: oneRead() })
    expect(end.type).toBe('task.completed')
    expect(server.ledger).toHaveLength(2)
    expect(records('tool.intended')).toMatchObject([{ effect }])
  },
)

test.each([
  { reason: 'nothing is declared', declarations: [], annotations: { readOnlyHint: true } },
  {
    reason: 'the server says it destroys',
    declarations: [{ tool: 'grafana/*', effect: 'ReadOnly' }],
    annotations: { destructiveHint: true },
  },
  {
    reason: 'a second declaration is stricter',
    declarations: [
      { tool: '*', effect: 'ReadOnly' },
      { tool: 'grafana/query_logs', effect: 'Write' },
    ],
    annotations: {},
  },
] as const)('a call is made once when $reason', async ({ declarations, annotations }) => {
  const server = losesConnection(queryLogs(annotations))
  const policy = policyWith(declarations)
  const { end, records } = await perform({ servers: [server], policy, script: oneRead() })
  expect(end).toMatchObject({ type: 'task.failed', code: 'OutcomeUnknown' })
  expect(server.ledger).toHaveLength(1)
  expect(records('tool.intended')).toMatchObject([{ effect: 'write' }])
})

test.each([
  { reason: 'declared reads are under way together', effect: 'ReadOnly', together: 2 },
  { reason: 'writes follow one another', effect: 'Write', together: 1 },
] as const)('$reason', async ({ effect, together }) => {
  let underWay = 0
  let most = 0
  const server = stagedServer({
    name: 'grafana',
    tools: [queryLogs()],
    answer: async () => {
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setTimeout(resolve, 20))
      underWay--
      return 'ok'
    },
  })
  const { end } = await perform({
    servers: [server],
    policy: policyWith([{ tool: 'grafana/*', effect }]),
    script: [calls(['grafana__query_logs', { a: 1 }], ['grafana__query_logs', { a: 2 }]), says('done')],
  })
  expect(end.type).toBe('task.completed')
  expect(most).toBe(together)
})
