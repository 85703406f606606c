import { expect, test } from 'vitest'
import type { SwarmAgent } from '../../api/v1alpha1/index.ts'
import { effectivePolicy } from './merge-policies.ts'
import { offeredTools } from './offered-tools.ts'

const agent: SwarmAgent = {
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmAgent',
  metadata: { name: 'a', namespace: 'n' },
  spec: {
    model: 'm',
    prompt: { inline: 'x' },
    tools: { mcp: [{ name: 'logs', url: 'http://logs', pin: `sha256:${'0'.repeat(64)}` }] },
    guardrails: { tools: { allow: ['logs/*'], effects: [{ tool: 'logs/read', effect: 'ReadOnly' }] } },
  },
}
const policy = effectivePolicy({
  agent,
  policies: [
    {
      apiVersion: 'kubeswarm.io/v1alpha1',
      kind: 'SwarmPolicy',
      metadata: { name: 'p', namespace: 'n' },
      spec: { tools: { deny: ['*/drop'] } },
    },
  ],
})
const ask = (...definitions: Parameters<typeof offeredTools>[0]['definitions']) =>
  offeredTools({
    policy,
    server: 'logs',
    address: { url: 'http://logs', authenticated: false },
    definitions,
  })
const tool = (name: string, description = 'x') => ({ name, description, inputSchema: { type: 'object' } })

test('of each tool it is said whether it may be called, and by which rule, approved or not', () => {
  expect(ask(tool('read'), tool('drop'))).toMatchObject([
    { tool: 'drop', allowed: false, rule: 'SwarmPolicy p spec.tools.deny[0] "*/drop"', effect: 'write' },
    {
      tool: 'read',
      allowed: true,
      rule: 'SwarmAgent a spec.guardrails.tools.allow[0] "logs/*"',
      effect: 'read-only',
    },
  ])
})

test('F46: a name that is listed twice may not be called', () => {
  expect(ask(tool('read'), tool('read', 'y'))).toMatchObject([
    { tool: 'read', allowed: false, isAmbiguous: true },
  ])
})

test('F47: characters that people do not see are told of, in descriptions and in schemas', () => {
  const schema = { type: 'object', properties: { q: { enum: ['a\u{E0041}'] } } }
  expect(
    ask(tool('a'), tool('b', 'x\u200By'), { ...tool('c'), inputSchema: schema }).map(
      ({ hidesSomething }) => hidesSomething,
    ),
  ).toEqual([false, true, true])
})
