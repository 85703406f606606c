import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SwarmAgent, SwarmPolicy } from '../../api/v1alpha1/index.ts'
import { decideToolCall } from './gate.ts'
import { matchesTool } from './glob.ts'
import { effectivePolicy } from './merge-policies.ts'
import { toolEffect } from './tool-effect.ts'
import { toolPowers } from './tool-powers.ts'

const patterns = fc.constantFrom(
  '*',
  'a/*',
  'b/*',
  '*/read_*',
  'a/read_x',
  '*/write',
  'b/*_x',
  'c/*',
  'a/w*e',
  'a',
)
const tools = ['a', 'b', 'c'].flatMap((server) =>
  ['read_x', 'read_y', 'write', 'other'].map((tool) => ({ server, tool })),
)

const agents: fc.Arbitrary<SwarmAgent> = fc
  .record({
    servers: fc.subarray(['a', 'b']),
    allow: fc.option(fc.array(patterns, { maxLength: 3 }), { nil: undefined }),
    deny: fc.array(patterns, { maxLength: 2 }),
    effects: fc.array(
      fc.record({ tool: patterns, effect: fc.constantFrom('ReadOnly', 'Idempotent', 'Write') }),
      { maxLength: 3 },
    ),
  })
  .map(({ servers, allow, deny, effects }) => ({
    apiVersion: 'kubeswarm.io/v1alpha1',
    kind: 'SwarmAgent',
    metadata: { name: 'agent', namespace: 'n' },
    spec: {
      model: 'm',
      prompt: { inline: 'x' },
      tools: { mcp: servers.map((name) => ({ name, url: 'http://x' })) },
      guardrails: { tools: { ...(allow === undefined ? {} : { allow }), deny, effects } },
    },
  }))
const policies = fc.array(fc.array(patterns, { maxLength: 2 }), { maxLength: 2 }).map((lists) =>
  lists.map((deny, index): SwarmPolicy => ({
    apiVersion: 'kubeswarm.io/v1alpha1',
    kind: 'SwarmPolicy',
    metadata: { name: `p${index}`, namespace: 'n' },
    spec: { tools: { deny } },
  })),
)

test('what is explained is what the gate permits, with at least the effect a call is made with', () => {
  fc.assert(
    fc.property(agents, policies, (agent, merged) => {
      const policy = effectivePolicy({ agent, policies: merged })
      const powers = toolPowers(policy)
      for (const name of tools) {
        const { type } = decideToolCall({
          policy,
          name,
          definition: 'not-connected',
          arguments: undefined,
          input: {},
          earlier: { calls: 0, identical: 0 },
        })
        const matching = powers.filter(({ pattern }) => matchesTool(pattern, name))
        const explained = matching.some(
          ({ except }) => !except.some((rule) => matchesTool(rule.pattern, name)),
        )
        expect(explained).toBe(type === 'allowed')
        const isDeclared = policy.tools.effects.some(({ pattern }) => matchesTool(pattern, name))
        const effect = toolEffect({ policy, ...name })
        for (const { effects, reads, writes } of matching) {
          // A pattern that is not declared as a whole is undeclared, which is everything.
          expect(effects.includes('undeclared') || (isDeclared && effects.includes(effect))).toBe(true)
          expect(reads || effect !== 'read-only').toBe(true)
          expect(writes !== 'nothing' || effect === 'read-only').toBe(true)
        }
      }
    }),
    { numRuns: 1000 },
  )
})
