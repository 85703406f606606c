// The operator against a real Kubernetes API server (local-kube's), over HTTPS, with its definitions and admission.

import { afterEach, expect, test, vi } from 'vitest'
import { startApiServer } from 'local-kube'
import type { KubernetesConnection } from '../adapters/kubernetes/connect-kubernetes.ts'
import type { KubernetesObject } from '../api/resource.ts'
import {
  apiVersion,
  swarmAgents,
  swarmPolicies,
  swarmRuns,
  swarmTeams,
  type SwarmAgent,
  type SwarmRun,
} from '../api/v1alpha1/index.ts'
import { storeText } from '../domain/journal/stored-text.ts'
import { configMaps, deployments, namespaces } from '../operator/builtin-kinds.ts'
import type { Store } from '../ports/store.ts'
import { operatorOn } from './operator-on.fixtures.ts'

const namespace = 'incident-response'
const errors: unknown[] = []
const logger = { debug() {}, info() {}, warn() {}, error: (...line: unknown[]) => void errors.push(line) }
const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
  errors.splice(0)
})

const setUp = async () => {
  const server = await startApiServer()
  open.push(() => server.close())
  const { resources, store } = await operatorOn({ kubeconfig: server.kubeconfig(), open, logger })
  await resources.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  return { resources, store }
}

const manifest = (kind: string, name: string, spec: unknown): KubernetesObject =>
  ({ apiVersion, kind, metadata: { name, namespace }, spec }) as KubernetesObject
const roles = ['investigator', 'diagnostician', 'notifier']
const createPipeline = async (resources: KubernetesConnection): Promise<void> => {
  for (const role of roles)
    await resources.create(
      swarmAgents,
      manifest('SwarmAgent', role, { model: 'qwen2.5:7b', prompt: { inline: `You are ${role}.` } }),
    )
  await resources.create(
    swarmTeams,
    manifest('SwarmTeam', 'responders', {
      roles: roles.map((name) => ({ name, swarmAgent: name })),
      pipeline: roles.map((role, index) => ({
        role,
        inputs: { alert: '{{ .input.alert }}' },
        ...(index === 0 ? {} : { dependsOn: [roles[index - 1]] }),
      })),
    }),
  )
}
const play = async (store: Store, name: string): Promise<void> => {
  const lease = await store.tasks.lease({
    agent: { namespace, name },
    holder: 'test',
    leaseMs: 10_000,
    waitMs: 10_000,
  })
  if (lease === undefined) throw new Error(`no task for ${name}`)
  const { task, fence } = lease
  const { id, step, attempt } = task
  const done = {
    type: 'task.completed',
    step,
    attempt,
    task: id,
    output: storeText('done'),
    usage: {},
    turns: 1,
    toolCalls: 0,
  } as const
  await store.tasks.finish({ task: id, fence, records: [done], contents: ['done'] })
}
const wait = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 50 })

test('a pipeline runs to its end on a real API server, and then rests (W1)', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(
    swarmRuns,
    manifest('SwarmRun', 'incident-001', { teamRef: 'responders', input: { alert: 'x' } }),
  )
  for (const role of roles) await play(store, role)
  await wait(async () => {
    const run = await resources.get<SwarmRun>(swarmRuns, { namespace, name: 'incident-001' })
    expect(run?.status).toMatchObject({ phase: 'Succeeded', stepsDone: '3/3', output: 'done' })
  })
  const versions = async () =>
    (
      await Promise.all(
        [swarmRuns, swarmAgents, swarmTeams, deployments, configMaps].map((type) => resources.list(type)),
      )
    ).flatMap(({ items }) =>
      items.map(({ kind, metadata }) => `${kind}/${metadata.name}@${metadata.resourceVersion}`),
    )
  await new Promise((resolve) => setTimeout(resolve, 500))
  const before = await versions()
  await new Promise((resolve) => setTimeout(resolve, 4_000))
  expect(await versions()).toEqual(before)
  expect(errors).toEqual([])
})

test('admission names every fault, and its answer is what the API server passes on', async () => {
  const { resources } = await setUp()
  await createPipeline(resources)
  const unknownTeam = manifest('SwarmRun', 'lost', { teamRef: 'respondres', input: { alert: 'x' } })
  await expect(resources.create(swarmRuns, unknownTeam)).rejects.toMatchObject({ status: 422 })
  const bad = manifest('SwarmTeam', 'bad', {
    roles: [{ name: 'a', swarmAgent: 'investigator' }],
    pipeline: [{ role: 'a', inputs: { x: '{{ .steps.nobody.output }}' } }],
  })
  await expect(resources.create(swarmTeams, bad)).rejects.toThrow(/spec\.pipeline\[0\]\.inputs\.x/)
})

test('a policy that outlaws an agent refuses new ones and leaves the old one running, labelled', async () => {
  const { resources, store } = await setUp()
  const greedy = (name: string) =>
    manifest('SwarmAgent', name, {
      model: 'qwen2.5:7b',
      prompt: { inline: 'x' },
      guardrails: { limits: { tokensPerCall: 4000 } },
    })
  await resources.create(swarmAgents, greedy('old'))
  await resources.create(
    swarmPolicies,
    manifest('SwarmPolicy', 'strict', { enforcementMode: 'Enforce', limits: { maxTokensPerCall: 3000 } }),
  )
  await wait(async () => {
    const agent = await resources.get<SwarmAgent>(swarmAgents, { namespace, name: 'old' })
    expect(agent?.metadata.labels).toMatchObject({ 'kubeswarm.io/policy-compliant': 'false' })
    expect((await store.policies.get({ namespace, name: 'old' }))?.limits.tokensPerCall.value).toBe(3000)
  })
  await expect(resources.create(swarmAgents, greedy('new'))).rejects.toThrow(/tokensPerCall/)
})

test('a run deleted while it works is cancelled and goes at once (F67)', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  await resources.create(
    swarmRuns,
    manifest('SwarmRun', 'incident-001', { teamRef: 'responders', input: { alert: 'x' } }),
  )
  await play(store, 'investigator')

  await resources.delete(swarmRuns, { namespace, name: 'incident-001' })
  await wait(async () =>
    expect(await store.journal.find({ namespace, name: 'incident-001' })).toMatchObject({
      phase: 'Cancelled',
    }),
  )
  expect(await resources.get(swarmRuns, { namespace, name: 'incident-001' })).toBeUndefined()
})
