// The operator as a whole, on the resources port in memory and a real SQLite store; the test plays the agents.

import { afterEach, expect, test, vi } from 'vitest'
import { createMemoryResources } from '../adapters/kubernetes/testing/memory-resources.ts'
import { openSqliteStore } from '../adapters/sql/sqlite.ts'
import type { KubernetesObject, ResourceType } from '../api/resource.ts'
import {
  apiVersion,
  swarmAgents,
  swarmEvents,
  swarmPolicies,
  swarmRuns,
  swarmSettings,
  swarmTeams,
  type SwarmAgent,
  type SwarmEvent,
  type SwarmPolicy,
  type SwarmRun,
  type SwarmSettings,
  type SwarmTeam,
} from '../api/v1alpha1/index.ts'
import { verifyChain } from '../domain/journal/hash-chain.ts'
import { storeText } from '../domain/journal/stored-text.ts'
import {
  configMaps,
  deployments,
  kubernetesEvents,
  networkPolicies,
  secrets,
  serviceAccounts,
  type ConfigMap,
  type Deployment,
  type Secret,
} from '../operator/builtin-kinds.ts'
import { runOperator, type OperatorSettings } from '../operator/run-operator.ts'
import type { Clock } from '../ports/clock.ts'
import type { InboxEntry } from '../ports/inbox.ts'
import type { NotifyChannels } from '../ports/notify-channels.ts'
import { createManualClock } from '../ports/manual-clock.ts'
import type { Resources } from '../ports/resources.ts'
import type { Store } from '../ports/store.ts'
import { systemClock } from './system-clock.ts'

const namespace = 'incident-response'
const silent = { debug() {}, info() {}, warn() {}, error() {} }
const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

const settings: OperatorSettings = {
  agentImage: 'ghcr.io/kubeswarm/kubeswarm:test',
  agentArgs: ['agent'],
  hubUrl: 'http://127.0.0.1:8092',
  webhookBaseUrl: 'http://127.0.0.1:8092',
  namespace: 'kubeswarm-system',
}

const deaf: NotifyChannels = { deliver: () => Promise.resolve({ type: 'taken' }) }

const start = async (
  parts: { readonly resources: Resources; readonly store: Store },
  more: Partial<OperatorSettings> = {},
  clock: Clock = systemClock,
  channels: NotifyChannels = deaf,
) => {
  const operator = await runOperator({
    ...parts,
    settings: { ...settings, ...more },
    definitions: [],
    channels,
    clock,
    random: Math.random,
    logger: silent,
    signal: new AbortController().signal,
  })
  let closed = false
  const close = async () => {
    if (!closed) await operator.close()
    closed = true
  }
  open.push(close)
  return { ...operator, close }
}

const setUp = async (more: Partial<OperatorSettings> = {}) => {
  const resources = createMemoryResources()
  const store = openSqliteStore({ path: ':memory:', clock: systemClock })
  open.push(() => store.close())
  const operator = await start({ resources, store }, more)
  return { resources, store, operator }
}

const meta = (name: string) => ({ name, namespace })
const agentNamed = (name: string, spec: Partial<SwarmAgent['spec']> = {}): SwarmAgent => ({
  apiVersion,
  kind: 'SwarmAgent',
  metadata: meta(name),
  spec: { model: 'qwen2.5:7b', prompt: { inline: `You are the ${name}.` }, ...spec },
})
const team: SwarmTeam = {
  apiVersion,
  kind: 'SwarmTeam',
  metadata: meta('incident-responder'),
  spec: {
    roles: ['investigator', 'diagnostician', 'notifier'].map((name) => ({
      name,
      swarmAgent: `incident-${name}`,
    })),
    pipeline: [
      { role: 'investigator', inputs: { alert: '{{ .input.alert }}' } },
      {
        role: 'diagnostician',
        dependsOn: ['investigator'],
        inputs: { investigation: '{{ .steps.investigator.output }}' },
      },
      {
        role: 'notifier',
        dependsOn: ['diagnostician'],
        inputs: { diagnosis: '{{ .steps.diagnostician.output }}' },
      },
    ],
  },
}
const runNamed = (name: string, spec: Partial<SwarmRun['spec']> = {}): SwarmRun => ({
  apiVersion,
  kind: 'SwarmRun',
  metadata: meta(name),
  spec: { teamRef: 'incident-responder', input: { alert: 'High error rate' }, ...spec },
})
const roles = ['investigator', 'diagnostician', 'notifier']

const createPipeline = async (resources: Resources): Promise<void> => {
  for (const role of roles) await resources.create(swarmAgents, agentNamed(`incident-${role}`))
  await resources.create(swarmTeams, team)
}

/** Takes the next task of an agent and completes it with `output`. */
const play = async (store: Store, name: string, output: string): Promise<string> => {
  const lease = await store.tasks.lease({
    agent: { namespace, name },
    holder: 'test',
    leaseMs: 10_000,
    waitMs: 5_000,
  })
  if (lease === undefined) throw new Error(`no task for ${name} within 5 s`)
  const { task, fence } = lease
  const { step, attempt } = task
  const stored = storeText(output)
  const usage = { inputTokens: 10, outputTokens: 5 }
  const completed = {
    type: 'task.completed',
    step,
    attempt,
    task: task.id,
    output: stored,
    usage,
    turns: 1,
    toolCalls: 0,
  } as const
  await store.tasks.finish({ task: task.id, fence, records: [completed], contents: [output] })
  return task.prompt
}

const read = async <T extends KubernetesObject>(resources: Resources, type: ResourceType, name: string) => {
  const found = await resources.get<T>(type, { namespace, name })
  if (found === undefined) throw new Error(`${type.kind} ${name} is not there`)
  return found
}
const phase = async (resources: Resources, name: string) =>
  (await read<SwarmRun>(resources, swarmRuns, name)).status?.phase
const untilPhase = (resources: Resources, name: string, expected: string) =>
  vi.waitFor(async () => expect(await phase(resources, name)).toBe(expected), { timeout: 10_000 })

test('a three-step run goes from Pending over Running to Succeeded, and every phase can be watched', async () => {
  const { resources, store } = await setUp()
  const phases: (string | undefined)[] = []
  const stop = new AbortController()
  void (async () => {
    for await (const event of resources.watch<SwarmRun>(swarmRuns, {
      resourceVersion: '0',
      signal: stop.signal,
    }))
      if (event.type !== 'BOOKMARK' && phases.at(-1) !== event.object.status?.phase)
        phases.push(event.object.status?.phase)
  })()
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  expect(await play(store, 'incident-investigator', 'the database is down')).toContain('High error rate')
  expect(await play(store, 'incident-diagnostician', 'failover')).toContain('the database is down')
  expect(await play(store, 'incident-notifier', 'posted')).toContain('failover')
  await untilPhase(resources, 'incident-001', 'Succeeded')
  stop.abort()
  expect(phases.filter((each) => each !== undefined)).toEqual(['Pending', 'Running', 'Succeeded'])
  const { status } = await read<SwarmRun>(resources, swarmRuns, 'incident-001')
  expect(status).toMatchObject({ output: 'posted', totalTokenUsage: { totalTokens: 45 } })
  expect(status?.steps?.map((step) => step.phase)).toEqual(['Succeeded', 'Succeeded', 'Succeeded'])
  await vi.waitFor(async () =>
    expect((await read<SwarmTeam>(resources, swarmTeams, 'incident-responder')).status).toMatchObject({
      lastRunName: 'incident-001',
      lastRunPhase: 'Succeeded',
    }),
  )
})

test('after the end nothing is written any more (W1, K2)', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  for (const role of roles) await play(store, `incident-${role}`, 'done')
  await untilPhase(resources, 'incident-001', 'Succeeded')
  await vi.waitFor(async () =>
    expect((await read<SwarmTeam>(resources, swarmTeams, 'incident-responder')).status?.lastRunPhase).toBe(
      'Succeeded',
    ),
  )
  await new Promise((resolve) => setTimeout(resolve, 200))
  const before = [...resources.writes]
  // Something else happens nearby: the finished run must not stir.
  await resources.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: meta('unrelated') })
  await new Promise((resolve) => setTimeout(resolve, 4_000))
  expect(resources.writes.slice(before.length)).toEqual(['create secrets/unrelated'])
})

test('a refused status write delays no step and submits none twice (W6, F62)', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  for (let times = 0; times < 5; times += 1)
    resources.failOnce((write) => write === 'status swarmruns/incident-001', 409)
  await resources.create(swarmRuns, runNamed('incident-001'))
  for (const role of roles) await play(store, `incident-${role}`, 'done')
  await untilPhase(resources, 'incident-001', 'Succeeded')
  const { uid = '' } = (await read<SwarmRun>(resources, swarmRuns, 'incident-001')).metadata
  const records = await store.journal.read({ run: uid })
  expect(records.filter(({ type }) => type === 'step.submitted')).toHaveLength(3)
})

const fiveMegabytes = [
  { what: 'letters', output: 'x'.repeat(5 * 1024 * 1024) },
  {
    what: 'control characters, half characters and emoji',
    output: '\u0000\u001B[2J\ud800😀\u202E'.repeat(400_000),
  },
]
const sizeOf = (value: object): number => Buffer.byteLength(JSON.stringify(value))

test.each(fiveMegabytes)(
  'F65 F93 C3 an output of 5 MB of $what is kept whole, and the object stays small',
  async ({ output }) => {
    const { resources, store } = await setUp()
    await createPipeline(resources)
    await resources.create(swarmRuns, runNamed('incident-001'))
    await play(store, 'incident-investigator', 'found')
    await play(store, 'incident-diagnostician', 'failover')
    await play(store, 'incident-notifier', output)
    await untilPhase(resources, 'incident-001', 'Succeeded')
    const run = await read<SwarmRun>(resources, swarmRuns, 'incident-001')
    expect(sizeOf(run)).toBeLessThan(256 * 1024)
    const { outputRef } = run.status ?? {}
    expect(outputRef?.bytes).toBeGreaterThan(5_000_000)
    const { uid = '' } = run.metadata
    expect(await store.journal.content(outputRef?.sha256 ?? '', { run: uid })).toBe(output.toWellFormed())
  },
)

test('F65 W5 an output that is too long for the step that reads it ends the run, and nothing is submitted twice', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  await play(store, 'incident-investigator', 'x'.repeat(5 * 1024 * 1024))
  await untilPhase(resources, 'incident-001', 'Failed')
  const run = await read<SwarmRun>(resources, swarmRuns, 'incident-001')
  expect(sizeOf(run)).toBeLessThan(256 * 1024)
  expect(run.status?.conditions?.[0]?.message).toMatch(/step "diagnostician" failed with TemplateError/)
  const records = await store.journal.read({ run: run.metadata.uid ?? '' })
  expect(records.filter(({ type }) => type === 'step.submitted')).toHaveLength(1)
})

test('a run of an unknown agent or team fails at once and names it (W16)', async () => {
  const { resources } = await setUp()
  await resources.create(swarmRuns, runNamed('lost', { teamRef: 'nobody' }))
  await untilPhase(resources, 'lost', 'Failed')
  const { status } = await read<SwarmRun>(resources, swarmRuns, 'lost')
  expect(status).toMatchObject({ reason: 'TeamNotFound' })
  expect(status?.conditions?.find(({ type }) => type === 'Succeeded')).toMatchObject({ status: 'False' })
  expect(status?.conditions?.[0]?.message).toContain('nobody')
})

test('everything applied in one breath starts: a lagging cache refuses nothing (F61)', async () => {
  const { resources, store } = await setUp()
  await Promise.all([
    resources.create(swarmRuns, runNamed('incident-001')),
    resources.create(swarmTeams, team),
    ...roles.map((role) => resources.create(swarmAgents, agentNamed(`incident-${role}`))),
  ])
  expect(await play(store, 'incident-investigator', 'found')).toContain('High error rate')
})

test('a run that is deleted while it works is cancelled, and nothing holds the deletion up (F67)', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  const run = await resources.create(swarmRuns, runNamed('incident-001'))
  const agent = { namespace, name: 'incident-investigator' }
  const lease = await store.tasks.lease({ agent, holder: 'test', leaseMs: 10_000, waitMs: 5_000 })
  await resources.delete(swarmRuns, run.metadata)
  expect(await resources.get(swarmRuns, run.metadata)).toBeUndefined()
  const { id: task = '' } = lease?.task ?? {}
  const fence = lease?.fence ?? 0
  await vi.waitFor(async () =>
    expect((await store.tasks.heartbeat({ task, fence, leaseMs: 10_000 })).cancelled).toBeDefined(),
  )
  const { step = '', attempt = 0 } = lease?.task ?? {}
  await store.tasks.finish({
    task,
    fence,
    records: [{ type: 'task.cancelled', step, attempt, task, reason: 'told to' }],
  })
  await vi.waitFor(async () =>
    expect(await store.journal.find({ namespace, name: 'incident-001' })).toMatchObject({
      phase: 'Cancelled',
    }),
  )
})

test('a run whose agent is deleted fails at its step and says so, instead of waiting for ever (F67)', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  await play(store, 'incident-investigator', 'found')
  await untilPhase(resources, 'incident-001', 'Running')
  await resources.delete(swarmAgents, meta('incident-diagnostician'))
  await untilPhase(resources, 'incident-001', 'Failed')
  const { status } = await read<SwarmRun>(resources, swarmRuns, 'incident-001')
  expect(status?.conditions?.find(({ type }) => type === 'Succeeded')?.message).toContain(
    'SwarmAgent "incident-diagnostician" was deleted',
  )
})

test('an operator that starts anew goes on where the last one stopped, and repeats nothing', async () => {
  const { resources, store, operator } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  await play(store, 'incident-investigator', 'found')
  await operator.close()
  await start({ resources, store })
  await play(store, 'incident-diagnostician', 'failover')
  await play(store, 'incident-notifier', 'posted')
  await untilPhase(resources, 'incident-001', 'Succeeded')
  const { uid = '' } = (await read<SwarmRun>(resources, swarmRuns, 'incident-001')).metadata
  const submitted = (await store.journal.read({ run: uid })).filter(({ type }) => type === 'step.submitted')
  expect(submitted).toHaveLength(3)
})

test('F02 a run that ended with an unknown outcome goes on at a person’s word, also after the operator was away', async () => {
  const { resources, store, operator } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  const { uid = '' } = (await read<SwarmRun>(resources, swarmRuns, 'incident-001')).metadata
  const run = { namespace, name: 'incident-001', uid }
  const call = { step: 'investigator', turn: 1, call: 0, server: 'slack', tool: 'post_message' }
  const breakOff = async (attempt: number) => {
    const agent = { namespace, name: 'incident-investigator' }
    const lease = await store.tasks.lease({ agent, holder: 'test', leaseMs: 10_000, waitMs: 5_000 })
    if (lease === undefined) throw new Error('expected a task')
    const { fence, task } = lease
    const place = { ...call, attempt }
    await store.tasks.finish({
      task: task.id,
      fence,
      records: [
        { type: 'tool.intended', ...place, arguments: {}, effect: 'write', idempotencyKey: 'key' },
        { type: 'tool.outcome-unknown', ...place, message: 'nobody knows' },
        {
          type: 'task.failed',
          step: task.step,
          attempt,
          task: task.id,
          code: 'OutcomeUnknown',
          message: 'nobody knows',
          retryable: false,
          usage: {},
        },
      ],
    })
    await untilPhase(resources, 'incident-001', 'Failed')
    return task
  }
  const speak = (attempt: number, outcome: 'done' | 'not-done') =>
    store.journal.append({
      run,
      records: [
        { type: 'tool.resolved', ...call, attempt, outcome, by: 'alice' },
        { type: 'run.reopened', round: attempt + 1, by: 'alice' },
      ],
    })

  await breakOff(1)
  const { status } = await read<SwarmRun>(resources, swarmRuns, 'incident-001')
  expect(status).toMatchObject({ reason: 'OutcomeUnknown' })
  expect(status?.conditions?.map(({ type }) => type)).toContain('OutcomeUnknown')

  await speak(1, 'not-done')
  await untilPhase(resources, 'incident-001', 'Running')
  expect(await breakOff(2)).toMatchObject({ attempt: 2, continues: 1 })

  await operator.close()
  await speak(2, 'done')
  await start({ resources, store })
  for (const role of roles) await play(store, `incident-${role}`, 'done')
  await untilPhase(resources, 'incident-001', 'Succeeded')
  const end = (await read<SwarmRun>(resources, swarmRuns, 'incident-001')).status
  expect(end?.conditions?.map(({ type }) => type)).toEqual(['Succeeded'])
  const records = await store.journal.read({ run: uid })
  expect(verifyChain(records).type).toBe('intact')
})

test('two operators at the same time submit every step once (F63, K1)', async () => {
  const { resources, store } = await setUp()
  await start({ resources, store })
  await createPipeline(resources)
  await resources.create(swarmRuns, runNamed('incident-001'))
  for (const role of roles) await play(store, `incident-${role}`, 'done')
  await untilPhase(resources, 'incident-001', 'Succeeded')
  const { uid = '' } = (await read<SwarmRun>(resources, swarmRuns, 'incident-001')).metadata
  const records = await store.journal.read({ run: uid })
  expect(records.filter(({ type }) => type === 'step.submitted')).toHaveLength(3)
  expect(records.filter(({ type }) => type === 'run.finished')).toHaveLength(1)
})

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

const webhook = (spec: Partial<SwarmEvent['spec']> = {}): SwarmEvent => ({
  apiVersion,
  kind: 'SwarmEvent',
  metadata: meta('pagerduty'),
  spec: {
    source: { type: 'webhook' },
    targets: [{ team: 'incident-responder', input: { alert: '{{ .trigger.body.title }}' } }],
    ...spec,
  },
})
const entryNamed = (delivery: string, name: string, uid = 'event-uid'): InboxEntry => ({
  delivery,
  namespace,
  event: 'pagerduty',
  uid,
  receivedAt: new Date().toISOString(),
  runs: [{ name, target: 0, manifest: runNamed(name) }],
})
const deliver = (store: Store, delivery: string, name: string, uid?: string) =>
  store.inbox.accept(entryNamed(delivery, name, uid))

test('a webhook event gets a token and an address, and the hub finds both', async () => {
  const { resources, operator } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmEvents, webhook())
  await vi.waitFor(async () =>
    expect((await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status).toMatchObject({
      webhookURL: `http://127.0.0.1:8092/triggers/${namespace}/pagerduty/fire`,
      conditions: [{ type: 'Ready', status: 'True' }],
    }),
  )
  const secret = await read<Secret>(resources, secrets, 'pagerduty-webhook-token')
  const token = Buffer.from(secret.data?.['token'] ?? '', 'base64').toString()
  expect(token).toMatch(/^[0-9a-f]{64}$/)
  expect(await operator.catalog.find({ namespace, event: 'pagerduty' })).toMatchObject({
    secrets: [token],
    suspended: false,
  })
  expect(await operator.catalog.find({ namespace, event: 'other' })).toBeUndefined()
})

test('an accepted delivery starts its run once, also when the operator was away (P1)', async () => {
  const { resources, store, operator } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmEvents, webhook())
  await deliver(store, 'd1', 'pagerduty-d1')
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d1'))
  await operator.close()
  await deliver(store, 'd2', 'pagerduty-d2')
  await start({ resources, store })
  const run = await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d2'))
  expect(run.metadata.labels).toMatchObject({
    'kubeswarm.io/event': 'pagerduty',
    'kubeswarm.io/team': 'incident-responder',
  })
  await vi.waitFor(async () => expect(await store.inbox.pending()).toEqual([]))
  expect(resources.writes.filter((write) => write.startsWith('create swarmruns/'))).toHaveLength(2)
})

test('concurrencyPolicy Forbid starts nothing while an earlier run works', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmEvents, webhook({ concurrencyPolicy: 'Forbid' }))
  await deliver(store, 'd1', 'pagerduty-d1')
  await untilPhase(resources, 'pagerduty-d1', 'Running')
  await deliver(store, 'd2', 'pagerduty-d2')
  await vi.waitFor(async () => expect(await store.inbox.pending()).toEqual([]))
  expect(await resources.get(swarmRuns, { namespace, name: 'pagerduty-d2' })).toBeUndefined()
})

test('W2 concurrencyPolicy Replace ends the earlier run, and of several that wait the latest follows it', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmEvents, webhook({ concurrencyPolicy: 'Replace' }))
  await deliver(store, 'd1', 'pagerduty-d1')
  await untilPhase(resources, 'pagerduty-d1', 'Running')
  await Promise.all(['d2', 'd3', 'd4'].map((name) => deliver(store, name, `pagerduty-${name}`)))
  await untilPhase(resources, 'pagerduty-d1', 'Cancelled')
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d4'))
  await vi.waitFor(async () => expect(await store.inbox.pending()).toEqual([]))
  expect((await resources.list(swarmRuns)).items.map(({ metadata }) => metadata.name).toSorted()).toEqual([
    'pagerduty-d1',
    'pagerduty-d4',
  ])
})

test('F87 runs beyond maxUnfinished wait for others to end, in order, and the status says so', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  const source = { type: 'webhook' as const, webhook: { storm: { maxUnfinished: 1 } } }
  const { metadata } = await resources.create(swarmEvents, webhook({ source }))
  for (const name of ['d1', 'd2']) await deliver(store, name, `pagerduty-${name}`, metadata.uid)
  await untilPhase(resources, 'pagerduty-d1', 'Running')
  await vi.waitFor(async () =>
    expect((await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status).toMatchObject({
      firedCount: 1,
      lastRunName: 'pagerduty-d1',
      waitingCount: 1,
    }),
  )
  expect(await resources.get(swarmRuns, { namespace, name: 'pagerduty-d2' })).toBeUndefined()
  await resources.patch(swarmRuns, { namespace, name: 'pagerduty-d1' }, { spec: { cancel: true } })
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d2'))
  await vi.waitFor(async () => {
    const { status } = await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')
    expect(status).toMatchObject({ firedCount: 2 })
    expect(status).not.toHaveProperty('waitingCount')
  })
})

test('W2 with scope subject, runs about one subject follow each other and others do not wait', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  const source = { type: 'webhook' as const, webhook: { storm: { scope: 'subject' as const } } }
  await resources.create(swarmEvents, webhook({ source }))
  for (const [delivery, key] of [
    ['d1', 'Q1'],
    ['d2', 'Q1'],
    ['d3', 'Q2'],
  ] as const)
    await store.inbox.accept({ ...entryNamed(delivery, `pagerduty-${delivery}`), subject: { key } })
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d3'))
  await untilPhase(resources, 'pagerduty-d1', 'Running')
  expect(await resources.get(swarmRuns, { namespace, name: 'pagerduty-d2' })).toBeUndefined()
  expect((await read<SwarmRun>(resources, swarmRuns, 'pagerduty-d1')).metadata.annotations).toEqual({
    'kubeswarm.io/subject': 'Q1',
  })
  await resources.patch(swarmRuns, { namespace, name: 'pagerduty-d1' }, { spec: { cancel: true } })
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d2'))
})

test('F89 a target that is refused holds up neither the other target nor the next delivery', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  const { metadata } = await resources.create(swarmEvents, webhook())
  const entry = entryNamed('d1', 'pagerduty-d1-0', metadata.uid)
  await store.inbox.accept({
    ...entry,
    runs: [
      { name: 'pagerduty-bad', target: 0, manifest: {} },
      ...entry.runs.map((run) => ({ ...run, target: 1 })),
    ],
  })
  await deliver(store, 'd2', 'pagerduty-d2', metadata.uid)
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d1-0'))
  await vi.waitFor(() => read(resources, swarmRuns, 'pagerduty-d2'))
  await vi.waitFor(async () =>
    expect((await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status).toMatchObject({
      firedCount: 2,
      droppedCount: 1,
      drops: [{ reason: 'Refused', count: 1 }],
    }),
  )
})

test('F83 what was not understood shows in the status, and the next understood delivery says so too', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  const { metadata } = await resources.create(swarmEvents, webhook())
  await store.inbox.accept({
    ...entryNamed('bad', 'none', metadata.uid),
    runs: [],
    dropped: { reason: 'Quarantined', message: '.trigger.body.incident is not in the data', body: '{}' },
  })
  const conditionOf = async () =>
    (await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status?.conditions?.find(
      ({ type }) => type === 'DeliveriesUnderstood',
    )
  await vi.waitFor(async () =>
    expect(await conditionOf()).toMatchObject({
      status: 'False',
      reason: 'Quarantined',
      message: expect.stringContaining('.trigger.body.incident is not in the data') as string,
    }),
  )
  await vi.waitFor(async () =>
    expect(JSON.stringify((await resources.list(kubernetesEvents)).items)).toContain('Quarantined: '),
  )
  await new Promise((resolve) => setTimeout(resolve, 2))
  await deliver(store, 'good', 'pagerduty-good', metadata.uid)
  await vi.waitFor(async () => expect(await conditionOf()).toMatchObject({ status: 'True' }))
})

test('F70 F84 senders are known by the Secret the event names, and while it changes by both of its secrets', async () => {
  const { resources, operator } = await setUp()
  await createPipeline(resources)
  const source = {
    type: 'webhook' as const,
    webhook: { preset: 'pagerduty' as const, signature: { secretRef: { name: 'from-pagerduty' } } },
  }
  await resources.create(swarmEvents, webhook({ source }))
  await vi.waitFor(async () =>
    expect((await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status?.conditions).toMatchObject([
      { type: 'Ready', status: 'False', reason: 'SecretNotFound' },
    ]),
  )
  const known = async () => (await operator.catalog.find({ namespace, event: 'pagerduty' }))?.secrets
  expect(await known()).toEqual([])
  const secret = (data: Record<string, string>): Secret => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 'from-pagerduty' },
    data: Object.fromEntries(
      Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    ),
  })
  await resources.create(secrets, secret({ whatever: 'one\n' }))
  await vi.waitFor(async () => expect(await known()).toEqual(['one']))
  await vi.waitFor(async () =>
    expect((await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status?.conditions).toMatchObject([
      { type: 'Ready', status: 'True' },
    ]),
  )
  await resources.patch(
    secrets,
    { namespace, name: 'from-pagerduty' },
    { data: { whatever: null, ...secret({ secret: 'two', previous: 'one' }).data } },
  )
  await vi.waitFor(async () => expect(await known()).toEqual(['two', 'one']))
})

const scheduled = (source: object, spec: object = {}): SwarmEvent =>
  webhook({
    source: { type: 'cron', ...source } as SwarmEvent['spec']['source'],
    targets: [{ team: 'incident-responder', input: { alert: 'Report at {{ .trigger.firedAt }}' } }],
    ...spec,
  })
const statusOf = async (resources: Resources) =>
  (await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status

test('W24 a schedule fires when it is due, once, and never for the time before it was made', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmEvents, scheduled({ cron: '0 * * * *' }))
  const { nextFireAt = '' } = await vi.waitFor(async () => {
    const status = await statusOf(resources)
    expect(status?.conditions).toMatchObject([{ type: 'Ready', status: 'True', reason: 'Active' }])
    expect(status?.firedCount).toBe(0)
    return status ?? {}
  })
  expect(Date.parse(nextFireAt) % 3_600_000).toBe(0)
  // Two other leaders, an hour and a minute later by their clocks.
  const later: Clock = { ...systemClock, now: () => Date.parse(nextFireAt) + 60_000 }
  await Promise.all([start({ resources, store }, {}, later), start({ resources, store }, {}, later)])
  const run = await vi.waitFor(async () => {
    const { items } = await resources.list<SwarmRun>(swarmRuns, { namespace })
    expect(items).toHaveLength(1)
    return items[0]
  })
  expect(run?.spec.input).toEqual({ alert: `Report at ${nextFireAt}` })
  await vi.waitFor(async () =>
    expect(await statusOf(resources)).toMatchObject({ firedCount: 1, scheduleFrom: nextFireAt }),
  )
})

test('a schedule that nobody can read, and one that rests, say so and fire nothing', async () => {
  const { resources } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmEvents, scheduled({ cron: '0 9 * * FUNDAY' }))
  const saysAs = (reason: string) =>
    vi.waitFor(async () => {
      const status = await statusOf(resources)
      expect(status?.conditions).toMatchObject([{ type: 'Ready', status: 'False', reason }])
      expect(status).not.toHaveProperty('nextFireAt')
    })
  await saysAs('InvalidCron')
  await resources.patch(swarmEvents, meta('pagerduty'), {
    spec: { source: { cron: '* * * * *' }, suspended: true },
  })
  await saysAs('Suspended')
})

test('F66 the journal of a run whose resource is gone is kept for a week, that of a run that is there for good', async () => {
  const resources = createMemoryResources()
  const clock = createManualClock()
  const store = openSqliteStore({ path: ':memory:', clock })
  open.push(() => store.close())
  const kept = await resources.create(swarmRuns, {
    ...runNamed('kept'),
    status: { phase: 'Succeeded' },
  } as SwarmRun)
  const uids = { kept: kept.metadata.uid ?? '', gone: 'uid-gone', unfinished: 'uid-unfinished' }
  for (const [name, uid] of Object.entries(uids)) {
    const run = { namespace, name, uid }
    await store.journal.append({
      run,
      records: [
        { type: 'step.skipped', step: 's', reason: 'r', message: 'm' },
        ...(name === 'unfinished'
          ? []
          : [{ type: 'run.finished', phase: 'Succeeded', reason: 'r', message: 'm' } as const]),
      ],
    })
  }
  clock.advance(8 * 86_400_000)
  await store.journal.append({
    run: { namespace, name: 'yesterday', uid: 'uid-yesterday' },
    records: [{ type: 'run.finished', phase: 'Succeeded', reason: 'r', message: 'm' }],
  })
  clock.advance(86_400_000)
  await start({ resources, store }, {}, { ...systemClock, now: () => clock.now() })
  await vi.waitFor(async () => {
    const names = (await store.journal.runs({ limit: 10 })).map(({ name }) => name)
    expect(names.toSorted()).toEqual(['kept', 'unfinished', 'yesterday'])
  })
})

test('old runs go when the team’s history is full, and stay when the team is deleted (W19)', async () => {
  const { resources, store } = await setUp()
  for (const role of roles) await resources.create(swarmAgents, agentNamed(`incident-${role}`))
  await resources.create(swarmTeams, { ...team, spec: { ...team.spec, successfulRunsHistoryLimit: 1 } })
  for (const name of ['one', 'two']) {
    await resources.create(swarmRuns, runNamed(name))
    for (const role of roles) await play(store, `incident-${role}`, 'done')
    await untilPhase(resources, name, 'Succeeded')
  }
  await vi.waitFor(async () => expect((await resources.list(swarmRuns)).items).toHaveLength(1))
  // F66: what was kept of the run in the store goes with it.
  await vi.waitFor(async () =>
    expect((await store.journal.runs({ limit: 10 })).map(({ name }) => name)).toEqual(['two']),
  )
  await resources.delete(swarmTeams, team.metadata)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect((await resources.list(swarmRuns)).items).toHaveLength(1)
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

test('W13 W17 an agent of two teams that has a daily limit starts, and the runs of both teams succeed', async () => {
  const { resources, store } = await setUp()
  const shared = agentNamed('shared', { guardrails: { limits: { dailyTokens: 100_000 } } })
  await resources.create(swarmAgents, shared)
  for (const name of ['one', 'two']) {
    const spec = { roles: [{ name: 'worker', swarmAgent: 'shared' }], pipeline: [{ role: 'worker' }] }
    await resources.create(swarmTeams, { apiVersion, kind: 'SwarmTeam', metadata: meta(name), spec })
    await resources.create(swarmRuns, runNamed(`run-${name}`, { teamRef: name }))
  }
  await play(store, 'shared', 'done')
  await play(store, 'shared', 'done')
  for (const name of ['one', 'two']) await untilPhase(resources, `run-${name}`, 'Succeeded')
  await vi.waitFor(() => read(resources, deployments, 'shared-agent'))
  expect((await store.policies.get({ namespace, name: 'shared' }))?.limits.dailyTokens?.value).toBe(100_000)
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
