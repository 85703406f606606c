import { expect, test } from 'vitest'
import type { SwarmAgent, SwarmSettings } from '../../api/v1alpha1/index.ts'
import { describeRule } from './decision.ts'
import { decideToolCall } from './gate.ts'
import { effectivePolicy } from './merge-policies.ts'
import { permissionChanges } from './permission-changes.ts'
import { serverDenied } from './server-rules.ts'
import { toolPowers } from './tool-powers.ts'

const settingsOf = (
  name: string,
  security: NonNullable<SwarmSettings['spec']['security']>,
): SwarmSettings => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmSettings',
  metadata: { name, namespace: 'n' },
  spec: { security },
})

const agentOf = (settings: readonly string[], auth?: 'bearer'): SwarmAgent => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmAgent',
  metadata: { name: 'reader', namespace: 'n' },
  spec: {
    model: 'm',
    prompt: { inline: 'x' },
    settings: settings.map((name) => ({ name })),
    tools: {
      mcp: [
        {
          name: 'logs',
          url: 'https://mcp.example.com/team-a/logs',
          ...(auth === undefined ? {} : { auth: { bearer: { secretKeyRef: { name: 'logs' } } } }),
        },
      ],
    },
  } as SwarmAgent['spec'],
})

const decide = (agent: SwarmAgent, settings: readonly SwarmSettings[]) =>
  serverDenied({ policy: effectivePolicy({ agent, policies: [], settings }), server: 'logs' })

const teamA = settingsOf('team-a', { mcpAllowlist: ['https://mcp.example.com/team-a'] })
const teamB = settingsOf('team-b', { mcpAllowlist: ['https://mcp.example.com/team-b'] })
const authenticated = settingsOf('authenticated', { requireMCPAuth: true })

test('a server under an allowed address may be reached, one beside it may not, and the rule is named', () => {
  expect(decide(agentOf(['team-a']), [teamA])).toBeUndefined()
  const denied = decide(agentOf(['team-b']), [teamB])
  expect(denied).toMatchObject({ reason: 'ServerNotAllowed' })
  expect(denied && describeRule(denied.rule)).toBe('SwarmSettings team-b spec.security.mcpAllowlist')
})

test('lists of several settings must all allow it', () => {
  expect(decide(agentOf(['team-a', 'team-b']), [teamA, teamB])).toMatchObject({ reason: 'ServerNotAllowed' })
})

test('settings that the agent does not name say nothing to it', () => {
  expect(decide(agentOf(['team-a']), [teamA, teamB])).toBeUndefined()
})

test('an empty list allows no server', () => {
  expect(decide(agentOf(['none']), [settingsOf('none', { mcpAllowlist: [] })])).toMatchObject({
    reason: 'ServerNotAllowed',
  })
})

test('a demanded credential must be there', () => {
  expect(decide(agentOf(['authenticated']), [authenticated])).toMatchObject({
    reason: 'ServerUnauthenticated',
  })
  expect(decide(agentOf(['authenticated'], 'bearer'), [authenticated])).toBeUndefined()
})

test('F69: settings that are not there deny until they are, and say which', () => {
  const denied = decide(agentOf(['lost']), [])
  expect(denied).toMatchObject({ reason: 'PolicyUnavailable' })
  expect(denied?.message).toContain('SwarmSettings "lost"')
})

test('what counts is where the process would go, not what the manifest says', () => {
  const policy = effectivePolicy({ agent: agentOf(['team-a']), policies: [], settings: [teamA] })
  const elsewhere = { url: 'https://evil.example.com', authenticated: false }
  expect(serverDenied({ policy, server: 'logs', address: elsewhere })).toMatchObject({
    reason: 'ServerNotAllowed',
  })
  const ask = (address: typeof elsewhere | undefined) =>
    decideToolCall({
      policy,
      name: { server: 'logs', tool: 'read' },
      definition: { inputSchema: { type: 'object' } },
      address,
      arguments: {},
      input: {},
      earlier: { calls: 0, identical: 0 },
    })
  expect(ask(elsewhere)).toMatchObject({ reason: 'ServerNotAllowed' })
  expect(ask({ url: 'https://mcp.example.com/team-a/logs/mcp', authenticated: false })).toEqual({
    type: 'allowed',
  })
})

test('a server that may not be reached gives no power, and taking its address away is a loss with a reason', () => {
  const policy = (settings: readonly SwarmSettings[], names: readonly string[]) =>
    effectivePolicy({ agent: agentOf(names), policies: [], settings })
  expect(toolPowers(policy([teamB], ['team-b']))).toEqual([])
  // Settings that are missing may come: until then nobody should believe that the tools are out of reach.
  expect(toolPowers(policy([], ['team-b'])).map(({ pattern }) => pattern)).toEqual(['logs/*'])
  expect(
    permissionChanges(
      { policy: policy([], []), model: 'm' },
      { policy: policy([teamB], ['team-b']), model: 'm' },
    ),
  ).toEqual([
    {
      type: 'loses',
      what: 'tool',
      text: 'logs/*',
      source: { kind: 'SwarmSettings', name: 'team-b', field: 'spec.security.mcpAllowlist' },
    },
  ])
})
