import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SwarmAgent, SwarmPolicy } from '../../api/v1alpha1/index.ts'
import { decideModelCall, decideToolCall } from './gate.ts'
import { outputDenied, stepDenied } from './output-gate.ts'
import { effectivePolicy, policyViolations } from './merge-policies.ts'
import { combineTerms, noTerms, termsOf } from './policy-terms.ts'

const agent: SwarmAgent = {
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmAgent',
  metadata: { name: 'incident-investigator', namespace: 'incident-response' },
  spec: {
    model: 'qwen2.5:7b',
    prompt: { inline: 'You are an SRE investigator.' },
    tools: {
      mcp: [
        { name: 'pagerduty', url: 'http://mock-pagerduty.incident-response.svc:8080' },
        { name: 'grafana', url: 'http://mock-grafana.incident-response.svc:8080' },
      ],
    },
    guardrails: {
      limits: { tokensPerCall: 4000, timeoutSeconds: 90 },
      tools: { allow: ['pagerduty/get_incident', 'grafana/*'] },
    },
  },
}

const policyOf = (name: string, spec: NonNullable<SwarmPolicy['spec']>): SwarmPolicy => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmPolicy',
  metadata: { name, namespace: 'incident-response' },
  spec,
})

const seed = policyOf('incident-policy', {
  enforcementMode: 'Enforce',
  limits: { maxDailyTokens: 200_000, maxTokensPerCall: 3000, maxTimeoutSeconds: 600 },
  tools: { deny: ['shell/*', 'filesystem/*'] },
  models: { allowed: ['qwen*', 'llama*'] },
})

describe('the seed', () => {
  test('its investigator asks 4000 tokens per call, its policy grants 3000: the policy holds and is named', () => {
    const { limits } = effectivePolicy({ agent, policies: [seed] })
    expect(limits.tokensPerCall).toEqual({
      value: 3000,
      source: { kind: 'SwarmPolicy', name: 'incident-policy', field: 'spec.limits.maxTokensPerCall' },
    })
    expect(limits.timeoutSeconds).toMatchObject({ value: 90, source: { kind: 'SwarmAgent' } })
    expect(limits.namespaceDailyTokens).toMatchObject({ value: 200_000 })
    expect(limits.dailyTokens).toBeUndefined()
  })

  test('and that is its only violation, with policy, field and both values', () => {
    const violations = policyViolations({ agent, policies: [seed] })
    expect(violations).toMatchObject([
      {
        policy: 'incident-policy',
        mode: 'Enforce',
        field: 'spec.guardrails.limits.tokensPerCall',
        policyField: 'spec.limits.maxTokensPerCall',
        agentValue: 4000,
        policyValue: 3000,
      },
    ])
    expect(violations[0]?.message).toBe(
      'SwarmAgent incident-investigator spec.guardrails.limits.tokensPerCall 4000 is above SwarmPolicy incident-policy spec.limits.maxTokensPerCall 3000',
    )
  })
})

test('retries of 0 mean none', () => {
  const never = { ...agent, spec: { ...agent.spec, guardrails: { limits: { retries: 0 } } } }
  expect(effectivePolicy({ agent: never, policies: [] }).limits.retries.value).toBe(0)
})

test('the revision changes when an answer could, and only then', () => {
  const { revision } = effectivePolicy({ agent, policies: [seed] })
  const touched = { ...seed, metadata: { ...seed.metadata, resourceVersion: '7', labels: { a: 'b' } } }
  expect(effectivePolicy({ agent, policies: [touched] }).revision).toBe(revision)
  const tighter = policyOf('incident-policy', { ...seed.spec, tools: { deny: ['shell/*'] } })
  expect(effectivePolicy({ agent, policies: [tighter] }).revision).not.toBe(revision)
})

const specs: fc.Arbitrary<NonNullable<SwarmPolicy['spec']>> = fc.record(
  {
    enforcementMode: fc.constantFrom('Audit', 'Warn', 'Enforce'),
    limits: fc.record(
      {
        maxDailyTokens: fc.integer({ min: 1, max: 4 }),
        maxTokensPerCall: fc.integer({ min: 1, max: 9000 }),
        maxTimeoutSeconds: fc.integer({ min: 1, max: 200 }),
        minTimeoutSeconds: fc.integer({ min: 1, max: 200 }),
        maxConcurrentTasks: fc.integer({ min: 1, max: 6 }),
        maxThinkingTokensPerCall: fc.integer({ min: 1, max: 4 }),
        maxAnswerTokensPerCall: fc.integer({ min: 1, max: 2000 }),
      },
      { requiredKeys: [] },
    ),
    tools: fc.record(
      {
        deny: fc.array(fc.constantFrom('*', 'grafana/*', '*/query_logs', 'shell/*'), { maxLength: 3 }),
        constraints: fc.array(
          fc.record({
            tool: fc.constantFrom('grafana/*', 'pagerduty/get_incident'),
            args: fc.constantFrom(
              { id: { const: 'P-1' } },
              { id: { fromInput: 'incidentId' } },
              { query: { maxLength: 3, optional: true } },
            ),
          }),
          { maxLength: 2 },
        ),
        forceTrustLevel: fc.constantFrom('internal', 'external', 'sandbox'),
      },
      { requiredKeys: [] },
    ),
    output: fc.record(
      {
        minValidation: fc.constantFrom('none', 'pattern', 'schema', 'semantic'),
        denyPatterns: fc.array(fc.constantFrom('secret', 'AKIA', '('), { maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
    requirements: fc.record({ separation: fc.constantFrom('Off', 'Warn', 'Enforce') }, { requiredKeys: [] }),
    models: fc.record(
      {
        allowed: fc.array(fc.constantFrom('qwen*', 'llama*', '*'), { maxLength: 2 }),
        denied: fc.array(fc.constantFrom('qwen*', 'gpt*'), { maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<NonNullable<SwarmPolicy['spec']>>

const policies = fc
  .array(specs, { maxLength: 4 })
  .map((list) => list.map((spec, index) => policyOf(`policy-${index}`, spec)))

test('S3 every demand of every policy reaches the agent: the first one’s and the last one’s', () => {
  const demands = (channel: string, model: string, limit: number) => ({
    limits: { maxTimeoutSeconds: limit, maxConcurrentTasks: limit, maxTokensPerCall: limit },
    tools: {
      deny: [`${channel}/*`],
      constraints: [{ tool: 'slack/*', args: { [channel]: { const: 'x' } } }],
    },
    models: { allowed: [`${model}*`], denied: [`${model}-max*`] },
  })
  const both = [policyOf('one', demands('a', 'qwen', 60)), policyOf('two', demands('b', 'llama', 3))]
  for (const list of [both, both.toReversed()]) {
    const { tools, models, limits } = effectivePolicy({ agent, policies: list })
    expect(tools.deny.map(({ pattern }) => pattern).toSorted()).toEqual(['a/*', 'b/*'])
    expect(tools.constraints.map(({ args }) => args[0]?.path).toSorted()).toEqual(['a', 'b'])
    expect(models.allow.map((rules) => rules.map(({ pattern }) => pattern)).toSorted()).toEqual([
      ['llama*'],
      ['qwen*'],
    ])
    expect(models.deny.map(({ pattern }) => pattern).toSorted()).toEqual(['llama-max*', 'qwen-max*'])
    for (const limit of ['timeoutSeconds', 'concurrentTasks', 'tokensPerCall'] as const)
      expect(limits[limit]).toMatchObject({ value: 3, source: { name: 'two' } })
  }
})

describe('S2 merging', () => {
  test('is commutative: the order of policies says nothing', () => {
    fc.assert(
      fc.property(policies, fc.nat(), (list, turn) => {
        const at = list.length === 0 ? 0 : turn % list.length
        const rotated = [...list.slice(at), ...list.slice(0, at)]
        expect(effectivePolicy({ agent, policies: rotated })).toEqual(
          effectivePolicy({ agent, policies: list }),
        )
        expect(effectivePolicy({ agent, policies: list.toReversed() })).toEqual(
          effectivePolicy({ agent, policies: list }),
        )
      }),
    )
  })

  test('is associative and idempotent, with nothing as its neutral element', () => {
    fc.assert(
      fc.property(specs, specs, specs, (x, y, z) => {
        const [a, b, c] = [termsOf(policyOf('a', x)), termsOf(policyOf('b', y)), termsOf(policyOf('c', z))]
        expect(combineTerms(combineTerms(a, b), c)).toEqual(combineTerms(a, combineTerms(b, c)))
        expect(combineTerms(a, a)).toEqual(a)
        expect(combineTerms(a, noTerms)).toEqual(a)
      }),
    )
  })

  test('adding a policy never allows more', () => {
    const names = [
      { server: 'grafana', tool: 'query_logs' },
      { server: 'pagerduty', tool: 'get_incident' },
      { server: 'shell', tool: 'exec' },
    ]
    const args = [{}, { id: 'P-1' }, { id: 'P-2', query: 'long' }]
    fc.assert(
      fc.property(policies, specs, (list, added) => {
        const before = effectivePolicy({ agent, policies: list })
        const after = effectivePolicy({ agent, policies: [...list, policyOf('added', added)] })
        for (const name of names) {
          for (const given of args) {
            const ask = (policy: typeof before) =>
              decideToolCall({
                policy,
                name,
                definition: { inputSchema: { type: 'object' } },
                arguments: given,
                input: { incidentId: 'P-1' },
                earlier: { calls: 0, identical: 0 },
              }).type
            expect([ask(before), ask(after)]).not.toEqual(['denied', 'allowed'])
          }
        }
        for (const model of ['qwen2.5:7b', 'llama3', 'gpt-4o']) {
          const ask = (policy: typeof before) => {
            const decision = decideModelCall({ policy, model, estimatedInputTokens: 100 })
            return decision.type === 'allowed' ? decision.maxOutputTokens : 0
          }
          expect(ask(after)).toBeLessThanOrEqual(ask(before))
        }
        for (const output of ['fine', 'a secret', 'AKIA'])
          if (outputDenied({ policy: before, output }) !== undefined)
            expect(outputDenied({ policy: after, output })).toBeDefined()
        for (const level of ['none', 'pattern', 'schema'] as const)
          if (stepDenied({ policy: before, step: 's', level }) !== undefined)
            expect(stepDenied({ policy: after, step: 's', level })).toBeDefined()
        for (const limit of ['timeoutSeconds', 'concurrentTasks', 'tokensPerCall'] as const) {
          expect(after.limits[limit].value).toBeLessThanOrEqual(before.limits[limit].value)
        }
        expect(after.limits.namespaceDailyTokens?.value ?? Infinity).toBeLessThanOrEqual(
          before.limits.namespaceDailyTokens?.value ?? Infinity,
        )
      }),
    )
  })
})

describe('violations', () => {
  const find = (spec: NonNullable<SwarmPolicy['spec']>, change: Partial<SwarmAgent['spec']> = {}) =>
    policyViolations({
      agent: { ...agent, spec: { ...agent.spec, ...change } as SwarmAgent['spec'] },
      policies: [policyOf('p', spec)],
    }).map(({ field, policyField }) => [field, policyField])

  test.each([
    [
      { limits: { maxTokensPerCall: 3000 } },
      {},
      'spec.guardrails.limits.tokensPerCall',
      'spec.limits.maxTokensPerCall',
    ],
    [
      { limits: { maxTimeoutSeconds: 60 } },
      {},
      'spec.guardrails.limits.timeoutSeconds',
      'spec.limits.maxTimeoutSeconds',
    ],
    [
      { limits: { minTimeoutSeconds: 100 } },
      {},
      'spec.guardrails.limits.timeoutSeconds',
      'spec.limits.minTimeoutSeconds',
    ],
    [
      { limits: { maxConcurrentTasks: 1 } },
      {},
      'spec.guardrails.limits.concurrentTasks',
      'spec.limits.maxConcurrentTasks',
    ],
    [{ models: { allowed: ['llama*'] } }, {}, 'spec.model', 'spec.models.allowed'],
    [{ models: { denied: ['qwen*'] } }, {}, 'spec.model', 'spec.models.denied[0]'],
    [{ tools: { deny: ['*/delete_*', 'grafana/*'] } }, {}, 'spec.tools.mcp[1].name', 'spec.tools.deny[1]'],
    [{ tools: { deny: ['*/get_incident'] } }, {}, 'spec.guardrails.tools.allow[0]', 'spec.tools.deny[0]'],
    [
      { tools: { forceTrustLevel: 'external' } },
      { tools: { mcp: [{ name: 'grafana', url: 'http://g', trust: 'internal' }] } },
      'spec.tools.mcp[0].trust',
      'spec.tools.forceTrustLevel',
    ],
    [{ requirements: { budgetRef: true } }, {}, 'spec.guardrails.budgetRef', 'spec.requirements.budgetRef'],
    [{ requirements: { audit: true } }, {}, 'spec.observability.auditLog.mode', 'spec.requirements.audit'],
    [
      { requirements: { allowList: true } },
      { guardrails: {} },
      'spec.guardrails.tools.allow',
      'spec.requirements.allowList',
    ],
  ] as const)('%j names %s', (spec, change, field, policyField) => {
    expect(find(spec as NonNullable<SwarmPolicy['spec']>, change)).toContainEqual([field, policyField])
  })

  test('a denial that takes away only part of a pattern is no fault of the agent', () => {
    expect(find({ tools: { deny: ['*/delete_*', 'shell/*'] } })).toEqual([])
  })
})
