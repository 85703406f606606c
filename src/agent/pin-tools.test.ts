import { expect, test } from 'vitest'
import type { EffectivePolicy, ServerAddress } from '../domain/guardrail/effective-policy.ts'
import { pinTools } from './pin-tools.ts'
import { runToolsets } from './run-toolsets.ts'
import { fastClock, policyOf, stagedServer } from './testing/stage.ts'
import { silentLogger } from '../ports/silent-logger.ts'

const source = { kind: 'SwarmSettings', name: 'mcp', field: 'spec.security.mcpAllowlist' } as const

/** A policy under which servers stand at that address only. */
const onlyAt = (pattern: string): EffectivePolicy => {
  const policy = policyOf({ servers: ['grafana'] })
  const serverRules = { allow: [{ source, addresses: [{ pattern, source }] }], unreadable: [], declared: {} }
  return { ...policy, tools: { ...policy.tools, serverRules } }
}

const open = policyOf({ servers: ['grafana'] })
const closed = onlyAt('https://mcp.example.com')
const outside = { url: 'https://elsewhere.example.com', authenticated: false }

const pin = async ({
  policies,
  address,
}: {
  readonly policies: readonly EffectivePolicy[]
  readonly address?: ServerAddress
}) => {
  const grafana = stagedServer({ name: 'grafana', tools: ['query_logs'] })
  let asked = 0
  const server = {
    ...grafana,
    listTools: (options: { readonly signal: AbortSignal }) => {
      asked += 1
      return grafana.listTools(options)
    },
  }
  const outcome = await pinTools({
    servers: [{ server, onUnavailable: 'fail', ...(address === undefined ? {} : { address }) }],
    policies,
    run: 'uid-1',
    toolsets: runToolsets(),
    clock: fastClock,
    signal: new AbortController().signal,
    log: silentLogger,
  })
  return { outcome, asked }
}

test.each([
  { reason: 'the only policy forbids it', policies: [closed], address: outside },
  { reason: 'the policy of the start forbids it', policies: [closed, open], address: outside },
  { reason: 'the newest policy forbids it', policies: [open, closed], address: outside },
  { reason: 'nobody knows where it is', policies: [closed] },
])('P3 a server is not contacted when $reason', async ({ policies, address }) => {
  const { outcome, asked } = await pin({ policies, ...(address === undefined ? {} : { address }) })
  expect(outcome).toMatchObject({ type: 'failed', failure: { code: 'PolicyDenied' } })
  expect(asked).toBe(0)
})

test('a server at an address that every policy allows is asked for its tools', async () => {
  const address = { url: 'https://mcp.example.com/grafana', authenticated: false }
  const { outcome, asked } = await pin({ policies: [open, closed], address })
  expect(outcome.type === 'pinned' && outcome.tools.find('grafana/query_logs')).toMatchObject({
    name: { server: 'grafana', tool: 'query_logs' },
  })
  expect(asked).toBe(1)
})
