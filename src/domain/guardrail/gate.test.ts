import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SwarmAgent, SwarmPolicy } from '../../api/v1alpha1/index.ts'
import { describeRule } from './decision.ts'
import type { EffectivePolicy } from './effective-policy.ts'
import { decideModelCall, decideToolCall, MIN_ANSWER_TOKENS, type ToolQuestion } from './gate.ts'
import { effectivePolicy } from './merge-policies.ts'

const agentOf = (spec: Partial<SwarmAgent['spec']> = {}): SwarmAgent => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmAgent',
  metadata: { name: 'investigator', namespace: 'incident-response' },
  spec: {
    model: 'qwen2.5:7b',
    prompt: { inline: 'You are an SRE investigator.' },
    tools: {
      mcp: ['pagerduty', 'grafana', 'slack'].map((name) => ({
        name,
        url: `http://mock-${name}.incident-response.svc:8080`,
      })),
    },
    ...spec,
  } as SwarmAgent['spec'],
})

const policyOf = (name: string, spec: SwarmPolicy['spec']): SwarmPolicy => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmPolicy',
  metadata: { name, namespace: 'incident-response' },
  spec: spec ?? {},
})

const inputSchema = {
  type: 'object',
  properties: { channel: { type: 'string' }, text: { type: 'string' } },
  additionalProperties: false,
}

const ask = (policy: EffectivePolicy, change: Partial<ToolQuestion> = {}) =>
  decideToolCall({
    policy,
    name: { server: 'slack', tool: 'post_message' },
    definition: { inputSchema },
    arguments: { channel: '#incidents', text: 'hello' },
    input: { incidentId: 'P-48291' },
    earlier: { calls: 0, identical: 0 },
    ...change,
  })

const open = effectivePolicy({ agent: agentOf(), policies: [] })

describe('each check denies by itself, and everything else would allow', () => {
  test('the plain call is allowed', () => {
    expect(ask(open)).toEqual({ type: 'allowed' })
  })

  test('known server', () => {
    expect(ask(open, { name: { server: 'shell', tool: 'exec' } })).toMatchObject({ reason: 'UnknownTool' })
  })

  test('known tool', () => {
    expect(ask(open, { definition: 'unknown' })).toMatchObject({ reason: 'UnknownTool' })
  })

  test("the agent's own denial", () => {
    const agent = agentOf({ guardrails: { tools: { allow: ['*'], deny: ['slack/post_*'] } } })
    const decision = ask(effectivePolicy({ agent, policies: [] }))
    expect(decision).toMatchObject({ type: 'denied', reason: 'ToolDenied' })
    expect(decision.type === 'denied' && describeRule(decision.rule)).toBe(
      'SwarmAgent investigator spec.guardrails.tools.deny[0] "slack/post_*"',
    )
  })

  test.each(['Audit', 'Warn', 'Enforce'] as const)("a policy's denial, in mode %s", (enforcementMode) => {
    const policies = [policyOf('no-slack', { enforcementMode, tools: { deny: ['slack/*'] } })]
    const decision = ask(effectivePolicy({ agent: agentOf(), policies }))
    expect(decision.type === 'denied' && describeRule(decision.rule)).toBe(
      'SwarmPolicy no-slack spec.tools.deny[0] "slack/*"',
    )
  })

  test('X1 the allow list', () => {
    const agent = agentOf({ guardrails: { tools: { allow: ['pagerduty/get_incident', 'grafana/*'] } } })
    expect(ask(effectivePolicy({ agent, policies: [] }))).toMatchObject({
      reason: 'ToolNotAllowed',
      rule: { kind: 'SwarmAgent', field: 'spec.guardrails.tools.allow' },
    })
  })

  test('an empty allow list allows nothing', () => {
    const agent = agentOf({ guardrails: { tools: { allow: [] } } })
    expect(ask(effectivePolicy({ agent, policies: [] }))).toMatchObject({ reason: 'ToolNotAllowed' })
  })

  test('the input schema', () => {
    expect(ask(open, { arguments: { channel: 5 } })).toMatchObject({ reason: 'InvalidArguments' })
    expect(ask(open, { arguments: { unknown: 'x' } })).toMatchObject({ reason: 'InvalidArguments' })
  })

  test('S2 a constraint of the agent, and one of a policy', () => {
    const constraints = [{ tool: 'slack/*', args: { channel: { const: '#incidents' } } }]
    const own = agentOf({ guardrails: { tools: { constraints } } })
    const elsewhere = { arguments: { channel: '#public', text: 'hello' } }
    expect(ask(effectivePolicy({ agent: own, policies: [] }))).toEqual({ type: 'allowed' })
    expect(ask(effectivePolicy({ agent: own, policies: [] }), elsewhere)).toMatchObject({
      reason: 'ConstraintViolated',
    })
    const policies = [policyOf('channels', { tools: { constraints } })]
    expect(ask(effectivePolicy({ agent: agentOf(), policies }), elsewhere)).toMatchObject({
      reason: 'ConstraintViolated',
      rule: { kind: 'SwarmPolicy', name: 'channels', field: 'spec.tools.constraints[0]' },
    })
  })

  test('S4 an argument that carries a secret of the process, and the refusal does not tell it', () => {
    const secrets = [{ name: 'SLACK_TOKEN', value: 'xoxb-1234567890' }]
    const leaking = { arguments: { channel: '#incidents', text: 'it is xoxb-1234567890' } }
    expect(ask(open, { ...leaking, secrets: [] })).toEqual({ type: 'allowed' })
    const decision = ask(open, { ...leaking, secrets })
    expect(decision).toMatchObject({ reason: 'SecretInArguments', rule: { field: 'SLACK_TOKEN' } })
    expect(JSON.stringify(decision)).not.toContain('xoxb')
  })

  test('F26 the caps', () => {
    expect(ask(open, { earlier: { calls: 49, identical: 2 } })).toEqual({ type: 'allowed' })
    expect(ask(open, { earlier: { calls: 50, identical: 0 } })).toMatchObject({ reason: 'CallLimitReached' })
    expect(ask(open, { earlier: { calls: 3, identical: 3 } })).toMatchObject({ reason: 'LoopDetected' })
  })

  test('deny wins over allow', () => {
    const agent = agentOf({
      guardrails: { tools: { allow: ['slack/post_message'], deny: ['slack/post_message'] } },
    })
    expect(ask(effectivePolicy({ agent, policies: [] }))).toMatchObject({ reason: 'ToolDenied' })
  })

  test('a tool-less agent has no tools', () => {
    const policy = effectivePolicy({ agent: agentOf({ tools: {} }), policies: [] })
    expect(ask(policy)).toMatchObject({ reason: 'UnknownTool' })
  })

  test('without a connection the question is answered for the tool as such', () => {
    expect(ask(open, { definition: 'not-connected', arguments: undefined })).toEqual({ type: 'allowed' })
  })
})

describe('model calls', () => {
  const seed = policyOf('incident-policy', {
    limits: { maxTokensPerCall: 3000 },
    models: { allowed: ['qwen*', 'llama*'], denied: ['qwen-max*'] },
  })
  const policy = effectivePolicy({
    agent: agentOf({ guardrails: { limits: { tokensPerCall: 4000 } } }),
    policies: [seed],
  })

  test.each([
    ['qwen2.5:7b', 'allowed', undefined],
    ['llama3.2', 'allowed', undefined],
    ['gpt-4o', 'denied', 'ModelNotAllowed'],
    ['qwen-max-latest', 'denied', 'ModelDenied'],
  ])('%s is %s', (model, type, reason) => {
    const decision = decideModelCall({ policy, model, estimatedInputTokens: 100 })
    expect(decision).toMatchObject(reason === undefined ? { type } : { type, reason })
  })

  test('prompt and answer together stay within tokensPerCall', () => {
    fc.assert(
      fc.property(fc.nat(5000), (estimatedInputTokens) => {
        const decision = decideModelCall({ policy, model: 'qwen2.5:7b', estimatedInputTokens })
        const left = 3000 - estimatedInputTokens
        expect(decision).toMatchObject(
          left >= MIN_ANSWER_TOKENS
            ? { type: 'allowed', maxOutputTokens: left }
            : { reason: 'TokensPerCallExceeded', rule: { kind: 'SwarmPolicy', name: 'incident-policy' } },
        )
      }),
    )
  })

  test('an answer limit of its own is the lower of the two', () => {
    const limited = effectivePolicy({
      agent: agentOf({ guardrails: { limits: { maxAnswerTokensPerCall: 500 } } }),
      policies: [],
    })
    expect(decideModelCall({ policy: limited, model: 'qwen2.5:7b', estimatedInputTokens: 10 })).toEqual({
      type: 'allowed',
      maxOutputTokens: 500,
    })
  })
})

describe('S1 the gate agrees with a list of all tools', () => {
  const servers = ['grafana', 'slack', 'shell']
  const tools = ['query_logs', 'post_message', 'delete_all']
  const patterns = fc.constantFrom(
    '*',
    ...servers.map((server) => `${server}/*`),
    ...tools.map((tool) => `*/${tool}`),
    ...servers.flatMap((server) => tools.map((tool) => `${server}/${tool}`)),
    '*/delete_*',
    's*/*',
    'grafana/query_*',
  )
  // The long way: every pattern written out as the set of names it stands for.
  const expand = (pattern: string): ReadonlySet<string> => {
    const expression = new RegExp(pattern === '*' ? '^.*$' : `^${pattern.split('*').join('[^/]*')}$`)
    return new Set(
      servers
        .flatMap((server) => tools.map((tool) => `${server}/${tool}`))
        .filter((name) => expression.test(name)),
    )
  }
  const lists = fc.array(patterns, { maxLength: 4 })

  test('for every agent and set of policies', () => {
    fc.assert(
      fc.property(
        fc.option(lists, { nil: undefined }),
        lists,
        fc.array(lists, { maxLength: 3 }),
        (allow, deny, policyDenials) => {
          const agent = agentOf({
            tools: {
              mcp: servers.map((name) => ({ name, url: 'http://x.y.svc' })),
            } as SwarmAgent['spec']['tools'],
            guardrails: { tools: { deny, ...(allow === undefined ? {} : { allow }) } },
          })
          const policy = effectivePolicy({
            agent,
            policies: policyDenials.map((denied, index) =>
              policyOf(`p${index}`, { tools: { deny: denied } }),
            ),
          })
          const forbidden = new Set(
            [deny, ...policyDenials].flat().flatMap((pattern) => [...expand(pattern)]),
          )
          const permitted = allow && new Set(allow.flatMap((pattern) => [...expand(pattern)]))
          for (const server of servers) {
            for (const tool of tools) {
              const name = `${server}/${tool}`
              const expected = !forbidden.has(name) && (permitted?.has(name) ?? true)
              expect(ask(policy, { name: { server, tool } }).type).toBe(expected ? 'allowed' : 'denied')
            }
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
