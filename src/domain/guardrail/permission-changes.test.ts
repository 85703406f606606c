import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SwarmAgent, SwarmPolicy } from '../../api/v1alpha1/index.ts'
import { effectivePolicy } from './merge-policies.ts'
import { permissionChanges } from './permission-changes.ts'

type Tools = NonNullable<NonNullable<SwarmAgent['spec']['guardrails']>['tools']>

const agent = (tools: Tools, model = 'qwen2.5:7b'): SwarmAgent => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmAgent',
  metadata: { name: 'a', namespace: 'n' },
  spec: {
    model,
    prompt: { inline: 'x' },
    tools: { mcp: [{ name: 'grafana', url: 'http://g' }] },
    guardrails: { tools },
  },
})
const policy = (spec: NonNullable<SwarmPolicy['spec']>): SwarmPolicy => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmPolicy',
  metadata: { name: 'p', namespace: 'n' },
  spec,
})
const of = (one: SwarmAgent, policies: readonly SwarmPolicy[] = []) => ({
  policy: effectivePolicy({ agent: one, policies }),
  model: one.spec.model,
})
const words = (changes: ReturnType<typeof permissionChanges>): readonly string[] =>
  changes.map(({ type, what, text }) => `${type} ${what} ${text}`)

test.each([
  {
    reason: 'a tool more',
    before: of(agent({ allow: ['grafana/query_logs'] })),
    after: of(agent({ allow: ['grafana/query_logs', 'grafana/delete'] })),
    changes: ['gains tool grafana/delete'],
  },
  {
    reason: 'the same tools in other words',
    before: of(agent({ allow: ['grafana/*'] })),
    after: of(agent({ allow: ['grafana/*', 'grafana/query_logs'] })),
    changes: [],
  },
  {
    reason: 'no list is every tool',
    before: of(agent({ allow: ['grafana/query_logs'] })),
    after: of(agent({})),
    changes: ['gains tool grafana/*'],
  },
  {
    reason: 'a policy that denies a tool',
    before: of(agent({ allow: ['grafana/query_logs'] })),
    after: of(agent({ allow: ['grafana/query_logs'] }), [policy({ tools: { deny: ['*/query_*'] } })]),
    changes: ['loses tool grafana/query_logs'],
  },
  {
    reason: 'a policy that denies a part',
    before: of(agent({ allow: ['grafana/*'] })),
    after: of(agent({ allow: ['grafana/*'] }), [policy({ tools: { deny: ['*/delete_*', 'shell/*'] } })]),
    changes: ['loses tool */delete_* of grafana/*'],
  },
  {
    reason: 'an argument bound',
    before: of(agent({})),
    after: of(agent({ constraints: [{ tool: 'grafana/*', args: { org: { const: 'sre' } } }] })),
    changes: ['loses argument grafana/* org: const "sre"'],
  },
  {
    reason: 'a limit lowered and one added',
    before: of(agent({})),
    after: of(agent({}), [policy({ limits: { maxTokensPerCall: 3000, maxDailyTokens: 9 } })]),
    changes: ['loses limit tokensPerCall 8000 → 3000', 'loses limit namespaceDailyTokens unlimited → 9'],
  },
  {
    reason: 'a model denied',
    before: of(agent({})),
    after: of(agent({}), [policy({ models: { allowed: ['llama*'] } })]),
    changes: [
      'loses model qwen2.5:7b: model "qwen2.5:7b" is not in SwarmPolicy p spec.models.allowed (llama*)',
    ],
  },
  {
    reason: 'an agent that comes',
    before: undefined,
    after: of(agent({ allow: ['grafana/query_logs'] })),
    changes: ['gains tool grafana/query_logs'],
  },
  {
    reason: 'an effect declared',
    before: of(agent({})),
    after: of(agent({ effects: [{ tool: 'grafana/*', effect: 'ReadOnly' }] })),
    changes: ['loses effect grafana/*: undeclared → read-only'],
  },
])('$reason', ({ before, after, changes }) => {
  expect(words(permissionChanges(before, after))).toEqual(changes)
})

test('a policy that comes gives nobody anything, and taking it away gives back what it took', () => {
  const policies = fc.record(
    {
      tools: fc.record(
        { deny: fc.subarray(['grafana/*', '*/query_*', 'grafana/delete', '*']) },
        { requiredKeys: [] },
      ),
      limits: fc.record(
        { maxTokensPerCall: fc.integer({ min: 1, max: 9000 }), maxDailyTokens: fc.integer({ min: 1 }) },
        { requiredKeys: [] },
      ),
      models: fc.record({ allowed: fc.subarray(['qwen*', 'llama*']) }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  )
  const allows = fc.option(fc.subarray(['grafana/*', 'grafana/query_logs', 'grafana/delete']), {
    nil: undefined,
  })
  fc.assert(
    fc.property(policies, allows, (spec, allow) => {
      const one = agent(allow === undefined ? {} : { allow })
      const [without, within] = [of(one), of(one, [policy(spec)])]
      expect(words(permissionChanges(without, within)).filter((text) => text.startsWith('gains'))).toEqual([])
      expect(words(permissionChanges(within, without)).filter((text) => text.startsWith('loses'))).toEqual([])
      expect(permissionChanges(within, within)).toEqual([])
    }),
  )
})
