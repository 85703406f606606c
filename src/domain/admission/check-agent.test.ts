import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../api/resource.ts'
import { admit } from './admit.ts'
import {
  manifest,
  investigator,
  team,
  policySpec,
  policy,
  agents,
  cluster,
  errorPaths,
  warningPaths,
} from './admit.fixtures.ts'

describe('SwarmAgent', () => {
  const agent = (more: string): KubernetesObject =>
    manifest('SwarmAgent', 'a', `model: m\nprompt: {inline: x}\n${more}`)

  it.each([
    {
      reason: 'X10: two servers of one name cannot be told apart',
      more: 'tools: {mcp: [{name: a, url: "http://x"}, {name: a, url: "http://y"}]}',
      path: 'spec.tools.mcp[1].name',
    },
    {
      reason: 'X10: a slash in a name would shift the border between server and tool',
      more: 'tools: {mcp: [{name: a/b, url: "http://x"}]}',
      path: 'spec.tools.mcp[0].name',
    },
    {
      reason: 'an address that is none',
      more: 'tools: {mcp: [{name: a, url: "file:///etc/passwd"}]}',
      path: 'spec.tools.mcp[0].url',
    },
    {
      reason: 'a password in an address',
      more: 'tools: {mcp: [{name: a, url: "http://u:p@x"}]}',
      path: 'spec.tools.mcp[0].url',
    },
    {
      reason: 'a denial that can match nothing protects nothing',
      more: 'guardrails: {tools: {deny: [shell]}}',
      path: 'spec.guardrails.tools.deny[0]',
    },
    {
      reason: 'an argument rule that says two things',
      more: 'guardrails: {tools: {constraints: [{tool: "a/b", args: {x: {const: 1, pattern: "y+"}}}]}}',
      path: 'spec.guardrails.tools.constraints[0].args.x',
    },
    {
      reason: 'an argument rule that says nothing',
      more: 'guardrails: {tools: {constraints: [{tool: "a/b", args: {x: {optional: true}}}]}}',
      path: 'spec.guardrails.tools.constraints[0].args.x',
    },
    {
      reason: 'a pattern no linear-time engine reads',
      more: 'guardrails: {tools: {constraints: [{tool: "a/b", args: {incident.id: {pattern: "(?=a)"}}}]}}',
      path: 'spec.guardrails.tools.constraints[0].args[incident.id].pattern',
    },
    {
      reason: 'no concurrency at all',
      more: 'guardrails: {limits: {concurrentTasks: 0}}',
      path: 'spec.guardrails.limits.concurrentTasks',
    },
  ])('is refused: $reason', ({ more, path }) => {
    expect(errorPaths(agent(more))).toEqual([path])
  })

  it.each([
    {
      reason: 'an allowance for a server it does not have',
      more: 'tools: {mcp: [{name: grafana, url: "http://x"}]}\nguardrails: {tools: {allow: ["grafna/*"]}}',
      path: 'spec.guardrails.tools.allow[0]',
    },
    {
      reason: 'an allowance without a slash',
      more: 'tools: {mcp: [{name: a, url: "http://x"}]}\nguardrails: {tools: {allow: [post_message]}}',
      path: 'spec.guardrails.tools.allow[0]',
    },
    {
      reason: 'an effect of a tool it does not have',
      more: 'tools: {mcp: [{name: grafana, url: "http://x"}]}\nguardrails: {tools: {effects: [{tool: "grafna/*", effect: ReadOnly}]}}',
      path: 'spec.guardrails.tools.effects[0].tool',
    },
    {
      reason: 'a credential in a header',
      more: 'tools: {mcp: [{name: a, url: "http://x", headers: [{name: Authorization, value: "Bearer abc"}]}]}',
      path: 'spec.tools.mcp[0].headers[0].value',
    },
    {
      reason: 'a field nothing acts on',
      more: 'observability: {logging: {level: debug}}\nreasoning: {effort: High}',
      path: 'spec.reasoning',
    },
  ])('gets a warning: $reason', ({ more, path }) => {
    expect(errorPaths(agent(more))).toEqual([])
    expect(warningPaths(agent(more))).toEqual([path])
  })

  it('suggests the server that was meant', () => {
    const { warnings } = admit({
      object: agent(
        'tools: {mcp: [{name: grafana, url: "http://x"}]}\nguardrails: {tools: {allow: ["grafna/*"]}}',
      ),
    })
    expect(warnings.join()).toContain('Did you mean "grafana"?')
  })

  it('never repeats a credential it found', () => {
    const key = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789'
    const object = manifest('SwarmAgent', 'a', `model: m\nprompt: {inline: "use ${key}"}\n`)
    const result = admit({ object })
    expect(result.warningFields.map(({ path }) => path)).toEqual(['spec.prompt.inline'])
    expect(JSON.stringify(result)).not.toContain(key)
  })

  it('is refused with a prompt no object can hold', () => {
    const object = manifest('SwarmAgent', 'a', `model: m\nprompt: {inline: "${'x'.repeat(600 * 1024)}"}\n`)
    expect(errorPaths(object)).toEqual(['spec.prompt.inline'])
  })
})

describe('policies at admission', () => {
  const context = cluster(...agents, team, policy)

  it('Enforce refuses an agent that asks for more, naming policy, field and both values', () => {
    const { errors } = admit({ object: investigator, context })
    expect(errors).toEqual([
      {
        path: 'spec.guardrails.limits.tokensPerCall',
        message: '4000 is above SwarmPolicy incident-policy spec.limits.maxTokensPerCall 3000',
        remedy: 'Keep within the policy, or have the policy changed.',
      },
    ])
  })

  it('an agent that was there before the policy stays, and a change of it has to come within the policy', () => {
    const changed = (...[from, to]: readonly [string, string]) =>
      JSON.parse(JSON.stringify(investigator).replace(from, to)) as KubernetesObject
    const judge = (object: KubernetesObject) => admit({ object, oldObject: investigator, context }).errors
    const labelled = { ...investigator, metadata: { ...investigator.metadata, labels: { team: 'sre' } } }
    expect(judge(labelled)).toEqual([])
    expect(judge(changed('qwen2.5:7b', 'llama3')).map(({ path }) => path)).toEqual([
      'spec.guardrails.limits.tokensPerCall',
    ])
    expect(judge(changed('4000', '3000'))).toEqual([])
  })

  it.each([
    { mode: 'Warn', errors: 0, warnings: 1 },
    { mode: 'Audit', errors: 0, warnings: 0 },
    { mode: 'Enforce', errors: 1, warnings: 0 },
  ])('$mode does what it says', ({ mode, errors, warnings }) => {
    const other = manifest('SwarmPolicy', 'p', policySpec.replace('Enforce', mode))
    const result = admit({ object: investigator, context: cluster(other) })
    expect([result.errors.length, result.warnings.length]).toEqual([errors, warnings])
  })

  it('a denied model is refused', () => {
    const object = manifest(
      'SwarmAgent',
      'a',
      'model: gpt-5\nprompt: {inline: x}\nguardrails: {limits: {tokensPerCall: 1000}}\n',
    )
    expect(errorPaths(object, context)).toEqual(['spec.model'])
  })
})
