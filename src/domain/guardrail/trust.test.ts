import { describe, expect, test } from 'vitest'
import type { SwarmAgent, SwarmPolicy, ToolTrustLevel } from '../../api/v1alpha1/index.ts'
import { decideToolCall } from './gate.ts'
import { effectivePolicy } from './merge-policies.ts'
import { toolEffect } from './tool-effect.ts'
import { toolPowers } from './tool-powers.ts'
import { trustIn } from './trust.ts'

const agentOf = ({
  own,
  fallback,
}: { own?: ToolTrustLevel | undefined; fallback?: ToolTrustLevel | undefined } = {}): SwarmAgent => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmAgent',
  metadata: { name: 'reader', namespace: 'n' },
  spec: {
    model: 'm',
    prompt: { inline: 'x' },
    tools: { mcp: [{ name: 'logs', url: 'http://logs', ...(own === undefined ? {} : { trust: own }) }] },
    guardrails: {
      tools: {
        effects: [{ tool: 'logs/*', effect: 'ReadOnly' }],
        ...(fallback === undefined ? {} : { trust: { default: fallback } }),
      },
    },
  },
})
const forcing = (...levels: readonly ToolTrustLevel[]): readonly SwarmPolicy[] =>
  levels.map((forceTrustLevel, index) => ({
    apiVersion: 'kubeswarm.io/v1alpha1',
    kind: 'SwarmPolicy',
    metadata: { name: `p${index}`, namespace: 'n' },
    spec: { tools: { forceTrustLevel } },
  }))

test.each([
  { says: 'nobody', own: undefined, fallback: undefined, forced: [], level: 'external' },
  { says: 'the server', own: 'internal', fallback: 'sandbox', forced: [], level: 'internal' },
  {
    says: 'the agent, of servers that declare none',
    own: undefined,
    fallback: 'sandbox',
    forced: [],
    level: 'sandbox',
  },
  { says: 'a policy', own: 'internal', fallback: undefined, forced: ['external'], level: 'external' },
  {
    says: 'the least trusting policy',
    own: 'internal',
    fallback: undefined,
    forced: ['internal', 'sandbox'],
    level: 'sandbox',
  },
  {
    says: 'the agent, when it trusts less than a policy',
    own: 'sandbox',
    fallback: undefined,
    forced: ['internal'],
    level: 'sandbox',
  },
  {
    says: 'nobody, and being forced to trust is no reason to',
    own: undefined,
    fallback: undefined,
    forced: ['internal'],
    level: 'external',
  },
] as const)('what $says counts: $level', ({ own, fallback, forced, level }) => {
  const policy = effectivePolicy({ agent: agentOf({ own, fallback }), policies: forcing(...forced) })
  expect(trustIn(policy, 'logs')).toBe(level)
})

describe('what a level means for a call', () => {
  const ask = (
    own: ToolTrustLevel,
    inputSchema: Readonly<Record<string, unknown>>,
    args: Readonly<Record<string, unknown>>,
  ) =>
    decideToolCall({
      policy: effectivePolicy({ agent: agentOf({ own }), policies: [] }),
      name: { server: 'logs', tool: 'read' },
      definition: { inputSchema },
      arguments: args,
      input: {},
      earlier: { calls: 0, identical: 0 },
    }).type
  const open = { type: 'object', properties: { query: { type: 'string' } } }
  const composed = { type: 'object', allOf: [{ properties: { query: { type: 'string' } } }] }
  const unusable = { $ref: 'http://elsewhere/schema' }
  const lookAhead = { type: 'object', properties: { query: { type: 'string', pattern: '^(?=x)' } } }

  test.each([
    {
      reason: 'what fits passes everywhere',
      schema: open,
      args: { query: 'x' },
      allowed: ['internal', 'external', 'sandbox'],
    },
    { reason: 'a wrong type passes nowhere', schema: open, args: { query: 1 }, allowed: [] },
    {
      reason: 'an argument the schema does not name',
      schema: open,
      args: { query: 'x', cc: 'y' },
      allowed: ['internal', 'external'],
    },
    {
      reason: 'an argument that a part of the schema names',
      schema: composed,
      args: { query: 'x' },
      allowed: ['internal', 'external', 'sandbox'],
    },
    { reason: 'a schema that cannot be used', schema: unusable, args: { query: 'x' }, allowed: ['internal'] },
    {
      reason: 'a pattern that cannot be checked',
      schema: lookAhead,
      args: { query: 'x' },
      allowed: ['internal', 'external'],
    },
  ])('$reason', ({ schema, args, allowed }) => {
    const levels = ['internal', 'external', 'sandbox'] as const
    expect(levels.filter((level) => ask(level, schema, args) === 'allowed')).toEqual(allowed)
  })
})

test('what is declared of a server in the sandbox counts for nothing', () => {
  const trusted = effectivePolicy({ agent: agentOf(), policies: [] })
  const sandboxed = effectivePolicy({ agent: agentOf(), policies: forcing('sandbox') })
  const call = { server: 'logs', tool: 'read' }
  expect(toolEffect({ policy: trusted, ...call })).toBe('read-only')
  expect(toolEffect({ policy: sandboxed, ...call })).toBe('write')
  expect(toolPowers(trusted)).toMatchObject([{ reads: true, writes: 'nothing' }])
  expect(toolPowers(sandboxed)).toMatchObject([{ reads: true, writes: 'anywhere', effects: ['undeclared'] }])
})
