import { describe, expect, test } from 'vitest'
import type { SwarmAgent, SwarmPolicy, SwarmRun, SwarmTeam } from '../../api/v1alpha1/index.ts'
import type { KubernetesObject } from '../../api/resource.ts'
import { admit } from './admit.ts'
import { admissionContext } from './context.ts'

const apiVersion = 'kubeswarm.io/v1alpha1'
type Tools = NonNullable<NonNullable<SwarmAgent['spec']['guardrails']>['tools']>

const agent = (name: string, server: string, tools: Tools): SwarmAgent => ({
  apiVersion,
  kind: 'SwarmAgent',
  metadata: { name, namespace: 'n' },
  spec: {
    model: 'm',
    prompt: { inline: 'x' },
    tools: { mcp: [{ name: server, url: 'http://s' }] },
    guardrails: { tools },
  },
})
const reader = agent('reader', 'logs', { effects: [{ tool: 'logs/*', effect: 'ReadOnly' }] })
const loose = agent('writer', 'chat', { effects: [{ tool: 'chat/*', effect: 'Write' }] })
const tight = agent('writer', 'chat', {
  effects: [{ tool: 'chat/*', effect: 'Write' }],
  constraints: [{ tool: 'chat/*', args: { channel: { const: '#incidents' } } }],
})
const team: SwarmTeam = {
  apiVersion,
  kind: 'SwarmTeam',
  metadata: { name: 't', namespace: 'n' },
  spec: {
    roles: [
      { name: 'read', swarmAgent: 'reader' },
      { name: 'write', swarmAgent: 'writer' },
    ],
    pipeline: [
      { role: 'read', inputs: { alert: '{{ .input.alert }}' } },
      { role: 'write', dependsOn: ['read'], inputs: { found: '{{ .steps.read.output }}' } },
    ],
  },
}
const policy = (separation: 'Off' | 'Warn' | 'Enforce'): SwarmPolicy => ({
  apiVersion,
  kind: 'SwarmPolicy',
  metadata: { name: 'two', namespace: 'n' },
  spec: { requirements: { separation } },
})
const judge = (object: unknown, objects: readonly unknown[], oldObject?: unknown) =>
  admit({
    object: object as KubernetesObject,
    oldObject: oldObject as KubernetesObject | undefined,
    context: admissionContext({ objects: objects as readonly KubernetesObject[], complete: true }),
  })

describe('a team along which the three meet', () => {
  test.each([
    { mode: 'Off', errors: 0, warnings: 0 },
    { mode: 'Warn', errors: 0, warnings: 1 },
    { mode: 'Enforce', errors: 1, warnings: 0 },
  ] as const)('$mode does what it says', ({ mode, errors, warnings }) => {
    const result = judge(team, [reader, loose, policy(mode)])
    expect([result.errors.length, result.warnings.length]).toEqual([errors, warnings])
  })

  test('is named with its path, the policy, and the agent’s field that would cut it', () => {
    const [error] = judge(team, [reader, loose, policy('Enforce')]).errors
    expect(error?.path).toBe('spec.pipeline[1]')
    for (const words of [
      'SwarmPolicy two',
      'spec.requirements.separation',
      'private data (logs/*) → read → write',
    ])
      expect(error?.message).toContain(words)
    expect(error?.remedy).toContain('SwarmAgent writer spec.guardrails.tools.constraints')
  })

  test('several policies merge to the strictest', () => {
    const others = [policy('Warn'), { ...policy('Enforce'), metadata: { name: 'b' } }, policy('Off')]
    expect(judge(team, [reader, loose, ...others]).errors).toHaveLength(1)
  })

  test('confined, it is admitted without a word', () => {
    expect(judge(team, [reader, tight, policy('Enforce')])).toMatchObject({ errors: [], warnings: [] })
  })

  test('that was there before the policy may still be changed, and not be made worse', () => {
    const context = [reader, loose, policy('Enforce')]
    const slower = { ...team, spec: { ...team.spec, timeoutSeconds: 60 } }
    const changed = judge(slower, context, team)
    expect([changed.errors.length, changed.warnings.length]).toEqual([0, 1])
    const harmless = { ...team, spec: { ...team.spec, pipeline: team.spec.pipeline?.slice(0, 1) } }
    expect(judge(team, context, harmless).errors).toHaveLength(1)
  })
})

test('an agent is refused when the change of it opens a path in a team it works in', () => {
  const context = [reader, tight, team, policy('Enforce')]
  const [error] = judge(loose, context, tight).errors
  expect(error?.message).toContain('in SwarmTeam t')
  expect(judge(tight, context, loose).errors).toEqual([])
  expect(judge(loose, [reader, team, policy('Enforce')]).errors).toHaveLength(1)
})

test('an agent in which the three meet is refused for itself', () => {
  const everything = agent('all', 'shell', {})
  expect(judge(everything, [policy('Enforce')]).errors.map(({ path }) => path)).toEqual([
    'spec.guardrails.tools',
  ])
  expect(judge(everything, [])).toMatchObject({ errors: [], warnings: [] })
})

test('a policy that comes to demand it hears of the teams that do not keep it', () => {
  const { errors, warnings } = judge(policy('Enforce'), [reader, loose, team])
  expect(errors).toEqual([])
  expect(warnings.join()).toContain('SwarmTeam t')
  const alone = judge(policy('Warn'), [agent('all', 'shell', {})])
  expect(alone.warnings.join()).toContain('SwarmAgent all')
})

test('a run cannot bring a pipeline that its team would be refused for', () => {
  const run: SwarmRun = {
    apiVersion,
    kind: 'SwarmRun',
    metadata: { name: 'r', namespace: 'n' },
    spec: { teamRef: 't', pipeline: team.spec.pipeline, input: { alert: 'x' } },
  }
  const harmless = { ...team, spec: { ...team.spec, pipeline: team.spec.pipeline?.slice(0, 1) } }
  const context = [reader, loose, harmless, policy('Enforce')]
  expect(judge(run, context).errors.map(({ path }) => path)).toEqual(['spec.pipeline[1]'])
})
