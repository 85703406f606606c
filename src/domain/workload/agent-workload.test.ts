import { expect, test } from 'vitest'
import { apiVersion, type SwarmAgent } from '../../api/v1alpha1/index.ts'
import { agentEnvironment } from './agent-environment.ts'
import { labelValue } from './agent-names.ts'
import {
  agentWorkload,
  referencedObjects,
  rollingObjects,
  type AgentWorkloadRequest,
} from './agent-workload.ts'
import { composePrompt, promptText, untrustedDataRule } from './compose-prompt.ts'
import { agentNetworkPolicy } from './network-policy.ts'
import { planToolServers, secretDirectory } from './tool-server-settings.ts'

const agentOf = (spec: Partial<SwarmAgent['spec']> = {}, name = 'notifier'): SwarmAgent => ({
  apiVersion,
  kind: 'SwarmAgent',
  metadata: { name, namespace: 'incident-response', uid: 'u1' },
  spec: { model: 'qwen2.5:7b', prompt: { inline: 'Notify.' }, ...spec },
})
const settings = { agentImage: 'image', agentArgs: ['agent'], hubUrl: 'http://hub.kubeswarm-system.svc:8092' }

const built = (agent: SwarmAgent, more: Partial<AgentWorkloadRequest> = {}) =>
  agentWorkload({
    agent,
    settings,
    prompt: composePrompt({ agent, prompt: agent.spec.prompt.inline }),
    tools: planToolServers({ agent }),
    credentialsVersion: 'v1',
    ...more,
  })

interface Pod {
  readonly spec: {
    readonly automountServiceAccountToken: boolean
    readonly terminationGracePeriodSeconds: number
    readonly containers: readonly [
      {
        readonly env: readonly {
          readonly name: string
          readonly value?: string
          readonly valueFrom?: unknown
        }[]
        readonly envFrom: readonly unknown[]
        readonly securityContext: unknown
      },
    ]
  }
}
const podOf = (agent: SwarmAgent, more: Partial<AgentWorkloadRequest> = {}): Pod =>
  (built(agent, more).deployment as unknown as { readonly spec: { readonly template: Pod } }).spec.template
const variable = (pod: Pod, name: string) => pod.spec.containers[0].env.find((each) => each.name === name)

test('the same agent gives the same manifests, so that nothing is written for it', () => {
  expect(built(agentOf())).toEqual(built(agentOf()))
})

test.each([
  { change: 'prompt', other: built(agentOf({ prompt: { inline: 'Notify loudly.' } })) },
  { change: 'credentials', other: built(agentOf(), { credentialsVersion: 'v2' }) },
  {
    change: 'tool instructions',
    other: built(agentOf({ tools: { mcp: [{ name: 's', url: 'http://s', instructions: 'x' }] } })),
  },
])('a change of $change rolls the pods', ({ other }) => {
  const template = (workload: typeof other) =>
    JSON.stringify(
      (workload.deployment as unknown as { readonly spec: { readonly template: unknown } }).spec.template,
    )
  expect(template(other)).not.toBe(template(built(agentOf())))
})

test('a pod has no right on the API, no writable root and no capability', () => {
  const { spec } = podOf(agentOf())
  expect(spec.automountServiceAccountToken).toBe(false)
  expect(spec.containers[0].securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
})

test('the agent hands its tasks back before its grace period ends', () => {
  const { spec } = podOf(agentOf({ runtime: { drainTimeoutSeconds: 60 } }))
  expect(spec.terminationGracePeriodSeconds).toBe(60)
  expect(variable({ spec }, agentEnvironment.drainSeconds)?.value).toBe('50')
})

test('the agent’s own sources win over the namespace’s keys', () => {
  const { spec } = podOf(agentOf({ infrastructure: { envFrom: [{ secretRef: { name: 'own' } }] } }))
  expect(spec.containers[0].envFrom).toEqual([
    { secretRef: { name: 'kubeswarm-api-keys', optional: true } },
    { secretRef: { name: 'own' } },
  ])
})

test.each([
  { model: 'qwen2.5:7b', name: 'OPENAI_API_KEY', reason: 'everything else is OpenAI-compatible' },
  { model: 'claude-sonnet-4', name: 'ANTHROPIC_API_KEY', reason: 'its maker' },
  { model: 'gemini-2.5-pro', name: 'GEMINI_API_KEY', reason: 'its maker' },
])('apiKeyRef of $model becomes $name: $reason', ({ model, name }) => {
  const secretKeyRef = { name: 'keys', key: 'k' }
  const pod = podOf(agentOf({ model, infrastructure: { apiKeyRef: secretKeyRef } }))
  expect(variable(pod, name)?.valueFrom).toEqual({ secretKeyRef })
})

test('an overridden model leaves the agent’s key out: it would go to another address than its owner meant', () => {
  const pod = podOf(agentOf({ infrastructure: { apiKeyRef: { name: 'keys', key: 'k' } } }), {
    settings: { ...settings, modelOverride: { baseUrl: 'http://m/v1', provider: 'openai', label: 'm' } },
  })
  expect(variable(pod, 'OPENAI_API_KEY')).toEqual({ name: 'OPENAI_API_KEY', value: 'not-needed' })
  expect(variable(pod, 'OPENAI_BASE_URL')?.value).toBe('http://m/v1')
})

test('a prompt that stays in a Secret leaves only the rules in the ConfigMap (X5)', () => {
  const agent = agentOf({ prompt: { from: { secretKeyRef: { name: 'p', key: 'text' } } } })
  const { promptConfigMap, deployment } = built(agent, { promptSecret: { name: 'p', key: 'text' } })
  expect(promptConfigMap['data']).toEqual({ 'rules.txt': `${untrustedDataRule}\n` })
  expect(JSON.stringify(deployment)).toContain(agentEnvironment.systemPromptRulesPath)
})

test('what settings put before a prompt that stays in a Secret is a file of its own, before it', () => {
  const agent = agentOf({ prompt: { from: { secretKeyRef: { name: 'p', key: 'text' } } } })
  const prompt = composePrompt({
    agent,
    prompt: undefined,
    settings: [
      {
        apiVersion,
        kind: 'SwarmSettings',
        metadata: { name: 'house', namespace: 'incident-response' },
        spec: { fragments: [{ name: 'a', text: 'Before.', position: 'prepend' }] },
      },
    ],
  })
  const more = { promptSecret: { name: 'p', key: 'text' }, prompt }
  expect(built(agent, more).promptConfigMap['data']).toEqual({
    'preamble.txt': 'Before.\n',
    'rules.txt': `${untrustedDataRule}\n`,
  })
  expect(variable(podOf(agent, more), agentEnvironment.systemPromptPreamblePath)?.value).toContain(
    'preamble.txt',
  )
})

test('the prompt ends with tool instructions and the rule about data', () => {
  const agent = agentOf({ tools: { mcp: [{ name: 'slack', url: 'http://s', instructions: 'Post once.' }] } })
  expect(promptText(composePrompt({ agent, prompt: 'Notify.\n' }))).toBe(
    `Notify.\n\nTools of slack: Post once.\n\n${untrustedDataRule}\n`,
  )
})

test('two servers whose names differ only in punctuation share no credential (X10)', () => {
  expect(secretDirectory('my-x')).not.toBe(secretDirectory('my.x'))
  const [a, b] = ['my-x', 'my.x'].map((name) => ({
    name,
    url: 'http://same',
    auth: { bearer: { secretKeyRef: { name, key: 'token' } } },
  }))
  if (a === undefined || b === undefined) throw new Error('two servers')
  const { settings: servers, files } = planToolServers({ agent: agentOf({ tools: { mcp: [a, b] } }) })
  expect(servers.map(({ auth }) => auth?.valueFrom.file)).toEqual(files.map(({ file }) => file))
  expect(new Set(files.map(({ file }) => file)).size).toBe(2)
})

test('a Secret named without a key gives its token, or its only key', () => {
  const agent = agentOf({
    tools: { mcp: [{ name: 's', url: 'http://s', auth: { bearer: { secretKeyRef: { name: 'k' } } } }] },
  })
  const keyOf = (onlyKey?: (secret: string) => string | undefined) =>
    planToolServers({ agent, ...(onlyKey === undefined ? {} : { onlyKey }) }).files[0]?.key
  expect(keyOf()).toBe('token')
  expect(keyOf(() => 'api-key')).toBe('api-key')
})

test('credentials of tool servers are files of the pod, and a rotated one rolls no pod (F70)', () => {
  const agent = agentOf({
    tools: {
      mcp: [
        {
          name: 'pagerduty',
          url: 'http://p',
          auth: { header: { scheme: 'Token token=', secretKeyRef: { name: 'pd', key: 'key' } } },
        },
        { name: 'logs', url: 'https://l', auth: { mtls: { secretRef: { name: 'client' } } } },
      ],
    },
  })
  const pod = podOf(agent) as unknown as {
    readonly spec: {
      readonly volumes: readonly {
        readonly name: string
        readonly projected?: { readonly sources: readonly unknown[] }
      }[]
    }
  }
  const [pagerduty, logs] = ['pagerduty', 'logs'].map(secretDirectory)
  expect(pod.spec.volumes.find(({ name }) => name === 'tool-secrets')?.projected?.sources).toEqual([
    { secret: { name: 'pd', items: [{ key: 'key', path: `${pagerduty}/token` }] } },
    { secret: { name: 'client', items: [{ key: 'tls.crt', path: `${logs}/tls.crt` }] } },
    { secret: { name: 'client', items: [{ key: 'tls.key', path: `${logs}/tls.key` }] } },
    { secret: { name: 'client', items: [{ key: 'ca.crt', path: `${logs}/ca.crt` }], optional: true } },
  ])
  expect(referencedObjects(agent)).toEqual(expect.arrayContaining(['Secret/pd', 'Secret/client']))
  expect(rollingObjects(agent)).toEqual(['Secret/kubeswarm-api-keys'])
})

test('what is not supported is refused by name, never silently left out', () => {
  const mtls = { name: 's', url: 'http://s', auth: { mtls: { secretRef: { name: 'c' } } } }
  const { errors } = planToolServers({
    agent: agentOf({ tools: { mcp: [mtls, { name: 't', capabilityRef: 'c' }] } }),
  })
  expect(errors.map(({ path }) => path)).toEqual(['spec.tools.mcp[0].url', 'spec.tools.mcp[1].capabilityRef'])
})

test('the default network policy closes the way in and leaves the way to model and tools open (X14)', () => {
  expect(agentNetworkPolicy({ agent: agentOf(), hubUrl: settings.hubUrl })).toMatchObject({
    spec: { policyTypes: ['Ingress'], ingress: [] },
  })
})

test('the strict network policy still lets the agent reach names, hub, tools and model (X14)', () => {
  const agent = agentOf({
    infrastructure: { networkPolicy: 'strict' },
    tools: {
      mcp: [
        { name: 'slack', url: 'http://mock-slack.incident-response.svc:8080' },
        { name: 'out', url: 'https://mcp.example.com:8443/mcp' },
      ],
    },
  })
  const policy = agentNetworkPolicy({ agent, hubUrl: settings.hubUrl }) as unknown as {
    readonly spec: { readonly egress: readonly unknown[] }
  }
  const rules = JSON.stringify(policy.spec.egress)
  for (const part of [
    '"port":53',
    '"kubernetes.io/metadata.name":"kubeswarm-system"',
    '"kubernetes.io/metadata.name":"incident-response"',
    '"port":8443',
    '"port":443',
    '"port":11434',
    '169.254.0.0/16',
  ])
    expect(rules).toContain(part)
})

test('a disabled network policy is none', () => {
  const agent = agentOf({ infrastructure: { networkPolicy: 'disabled' } })
  expect(agentNetworkPolicy({ agent, hubUrl: settings.hubUrl })).toBeUndefined()
})

test('every Secret and ConfigMap a pod takes in is known, so that its change rolls the pod', () => {
  const agent = agentOf({
    prompt: { from: { configMapKeyRef: { name: 'prompts', key: 'p' } } },
    infrastructure: { apiKeyRef: { name: 'key', key: 'k' }, envFrom: [{ configMapRef: { name: 'env' } }] },
    tools: { mcp: [{ name: 's', url: 'http://s', auth: { bearer: { secretKeyRef: { name: 'slack' } } } }] },
  })
  expect(referencedObjects(agent)).toEqual([
    'ConfigMap/env',
    'ConfigMap/prompts',
    'Secret/key',
    'Secret/kubeswarm-api-keys',
    'Secret/slack',
  ])
})

test('a long name still makes a label value, and two long names two', () => {
  const [a, b] = [labelValue(`${'x'.repeat(80)}a`), labelValue(`${'x'.repeat(80)}b`)]
  expect(a.length).toBeLessThanOrEqual(63)
  expect(a).not.toBe(b)
})
