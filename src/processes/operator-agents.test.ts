// What the operator makes of agents: workloads, prompts, and the policies that hold for them.

import { afterEach, expect, test, vi } from 'vitest'
import {
  apiVersion,
  swarmAgents,
  swarmPolicies,
  swarmSettings,
  type SwarmAgent,
  type SwarmPolicy,
  type SwarmSettings,
} from '../api/v1alpha1/index.ts'
import {
  configMaps,
  deployments,
  networkPolicies,
  secrets,
  serviceAccounts,
  type ConfigMap,
  type Deployment,
  type Secret,
} from '../operator/builtin-kinds.ts'
import { closeAll, namespace, setUp, meta, agentNamed, read } from './operator.fixtures.ts'

afterEach(closeAll)

test('an agent becomes Deployment, ServiceAccount, prompt and network policy, and its pod takes keys from Secrets', async () => {
  const { resources, store } = await setUp()
  await resources.create(
    swarmAgents,
    agentNamed('notifier', {
      tools: {
        mcp: [
          {
            name: 'slack',
            url: 'http://mock-slack.x.svc:8080',
            auth: { bearer: { secretKeyRef: { name: 'slack', key: 'token' } } },
          },
        ],
      },
    }),
  )
  await vi.waitFor(() => read(resources, deployments, 'notifier-agent'))
  const account = await read(resources, serviceAccounts, 'notifier-agent')
  expect(account).toMatchObject({ automountServiceAccountToken: false })
  expect(
    (await read<ConfigMap>(resources, configMaps, 'notifier-prompt')).data?.['system-prompt.txt'],
  ).toContain('You are the notifier.')
  expect(await read(resources, networkPolicies, 'notifier-netpol')).toMatchObject({
    spec: { policyTypes: ['Ingress'] },
  })
  const deployment = await read(resources, deployments, 'notifier-agent')
  expect(deployment).toMatchObject({
    metadata: { ownerReferences: [{ apiVersion, kind: 'SwarmAgent', name: 'notifier' }] },
    spec: {
      replicas: 1,
      template: {
        spec: { containers: [{ envFrom: [{ secretRef: { name: 'kubeswarm-api-keys', optional: true } }] }] },
      },
    },
  })
  expect(JSON.stringify(deployment)).toContain('"secret":{"name":"slack","items":[{"key":"token"')
  expect(await store.policies.get({ namespace, name: 'notifier' })).toMatchObject({
    agent: { name: 'notifier' },
  })
  await resources.patchStatus(deployments, deployment.metadata, {
    observedGeneration: 1,
    replicas: 1,
    updatedReplicas: 1,
    readyReplicas: 1,
  } satisfies Deployment['status'])
  await vi.waitFor(async () =>
    expect((await read<SwarmAgent>(resources, swarmAgents, 'notifier')).status).toMatchObject({
      readyReplicas: 1,
      conditions: [
        { type: 'Ready', status: 'True', reason: 'AllReplicasReady' },
        { type: 'PolicyCompliant', status: 'True' },
      ],
    }),
  )
})

test('a prompt in a Secret is mounted from there and enters no ConfigMap (X5)', async () => {
  const { resources } = await setUp()
  const data = { text: Buffer.from('the secret prompt').toString('base64') }
  await resources.create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: meta('prompt'),
    data,
  } as Secret)
  await resources.create(
    swarmAgents,
    agentNamed('quiet', { prompt: { from: { secretKeyRef: { name: 'prompt', key: 'text' } } } }),
  )
  const deployment = await vi.waitFor(() => read(resources, deployments, 'quiet-agent'))
  expect(JSON.stringify(deployment)).toContain('"secret":{"name":"prompt","items":[{"key":"text"')
  expect(JSON.stringify(await read(resources, configMaps, 'quiet-prompt'))).not.toContain('the secret prompt')
})

test('a policy clamps agents at once, tells who asks for more, and touches no spec', async () => {
  const { resources, store } = await setUp()
  await resources.create(
    swarmAgents,
    agentNamed('greedy', { guardrails: { limits: { tokensPerCall: 4000 } } }),
  )
  await vi.waitFor(async () => expect(await store.policies.get({ namespace, name: 'greedy' })).toBeDefined())
  const policy: SwarmPolicy = {
    apiVersion,
    kind: 'SwarmPolicy',
    metadata: meta('incident-policy'),
    spec: { enforcementMode: 'Enforce', limits: { maxTokensPerCall: 3000 } },
  }
  await resources.create(swarmPolicies, policy)
  await vi.waitFor(async () => {
    const effective = await store.policies.get({ namespace, name: 'greedy' })
    expect(effective?.limits.tokensPerCall.value).toBe(3000)
    const agent = await read<SwarmAgent>(resources, swarmAgents, 'greedy')
    expect(agent.metadata.labels?.['kubeswarm.io/policy-compliant']).toBe('false')
    const condition = agent.status?.conditions?.find(({ type }) => type === 'PolicyCompliant')
    expect(condition).toMatchObject({ status: 'False', reason: 'PolicyViolated' })
    expect(condition?.message).toMatch(/tokensPerCall 4000.*incident-policy.*3000/)
    expect((await read<SwarmPolicy>(resources, swarmPolicies, 'incident-policy')).status).toMatchObject({
      agentCount: 1,
      compliantCount: 0,
      effectivePolicy: { limits: { maxTokensPerCall: 3000 } },
    })
  })
  expect(
    (await read<SwarmAgent>(resources, swarmAgents, 'greedy')).spec.guardrails?.limits?.tokensPerCall,
  ).toBe(4000)
})

test('an overridden model is said in the status and wins over the agent’s own', async () => {
  const modelOverride = { baseUrl: 'http://127.0.0.1:9/v1', provider: 'openai', label: 'the scripted model' }
  const { resources } = await setUp({ modelOverride })
  await resources.create(swarmAgents, agentNamed('any'))
  await vi.waitFor(async () =>
    expect((await read<SwarmAgent>(resources, swarmAgents, 'any')).status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'ModelReachable', reason: 'ModelOverridden' }),
    ),
  )
  expect(JSON.stringify(await read(resources, deployments, 'any-agent'))).toContain(
    '{"name":"OPENAI_BASE_URL","value":"http://127.0.0.1:9/v1"}',
  )
})

test('settings become part of the prompt, a change rolls the pods, and their rules for servers reach the hub', async () => {
  const { resources, store } = await setUp()
  const house = (spec: SwarmSettings['spec']): SwarmSettings => ({
    apiVersion,
    kind: 'SwarmSettings',
    metadata: meta('house'),
    spec,
  })
  await resources.create(
    swarmAgents,
    agentNamed('reader', {
      settings: [{ name: 'house' }],
      tools: { mcp: [{ name: 'logs', url: 'https://mcp.example.com/logs' }] },
    }),
  )
  const ready = async () => (await read<SwarmAgent>(resources, swarmAgents, 'reader')).status
  // Nobody knows what settings that are not there forbid: the agent waits for them.
  await vi.waitFor(async () =>
    expect((await ready())?.conditions?.[0]).toMatchObject({ reason: 'SettingsResolutionError' }),
  )
  expect(await resources.get(deployments, meta('reader-agent'))).toBeUndefined()

  await resources.create(
    swarmSettings,
    house({ temperature: '0.2', fragments: [{ name: 'a', text: 'Be brief.' }] }),
  )
  const hash = async () =>
    JSON.stringify(await read<Deployment>(resources, deployments, 'reader-agent')).match(
      /"kubeswarm\/system-prompt-hash":"(\w+)"/,
    )?.[1]
  await vi.waitFor(async () =>
    expect(
      (await read<ConfigMap>(resources, configMaps, 'reader-prompt')).data?.['system-prompt.txt'],
    ).toContain('You are the reader.\n\nBe brief.'),
  )
  const before = await vi.waitFor(hash)
  expect(JSON.stringify(await read(resources, deployments, 'reader-agent'))).toContain(
    '{"name":"AGENT_TEMPERATURE","value":"0.2"}',
  )
  await vi.waitFor(async () =>
    expect(await ready()).toMatchObject({ appliedSettings: ['house'], appliedFragmentCount: 1 }),
  )
  await vi.waitFor(async () =>
    expect((await read<SwarmSettings>(resources, swarmSettings, 'house')).status).toMatchObject({
      agentCount: 1,
    }),
  )

  await resources.patch(swarmSettings, meta('house'), {
    spec: {
      fragments: [{ name: 'a', text: 'Be kind.' }],
      security: { mcpAllowlist: ['https://other.example.com'] },
    },
    metadata: { generation: 2 },
  })
  await vi.waitFor(async () => {
    const policy = await store.policies.get({ namespace, name: 'reader' })
    expect(policy?.tools.serverRules?.allow[0]?.addresses[0]?.pattern).toBe('https://other.example.com')
  })
  await vi.waitFor(async () => expect(await hash()).not.toBe(before))
  await vi.waitFor(async () => {
    const { status, metadata } = await read<SwarmAgent>(resources, swarmAgents, 'reader')
    expect(status?.conditions?.find(({ type }) => type === 'PolicyCompliant')).toMatchObject({
      status: 'False',
    })
    expect(metadata.labels).toMatchObject({ 'kubeswarm.io/policy-compliant': 'false' })
  })
})

test('W22 X7 X13 the operator dials no tool server, believes no annotation, and touches no namespace', async () => {
  const { resources } = await setUp()
  const lost = agentNamed('lost', {
    tools: { mcp: [{ name: 'black-hole', url: 'http://10.255.255.1:8080' }] },
  })
  const queue = { 'kubeswarm/team-queue-url': 'redis://evil.example:6379' }
  await resources.create(swarmAgents, { ...lost, metadata: { ...meta('lost'), annotations: queue } })
  await resources.create(swarmAgents, agentNamed('other'))
  for (const name of ['lost-agent', 'other-agent']) {
    const deployment = await vi.waitFor(() => read(resources, deployments, name))
    expect(JSON.stringify(deployment)).not.toContain('evil.example')
  }
  expect(resources.writes.filter((write) => write.includes(` namespaces/${namespace}`))).toEqual([])
})
