// The operator as a whole for tests, on the resources port in memory and a real SQLite store; the test plays the agents.

import { expect, vi } from 'vitest'
import { createMemoryResources } from '../adapters/kubernetes/testing/memory-resources.ts'
import { openSqliteStore } from '../adapters/sql/sqlite.ts'
import type { KubernetesObject, ResourceType } from '../api/resource.ts'
import {
  apiVersion,
  swarmAgents,
  swarmRuns,
  swarmTeams,
  type SwarmAgent,
  type SwarmEvent,
  type SwarmRun,
  type SwarmTeam,
} from '../api/v1alpha1/index.ts'
import { storeText } from '../domain/journal/stored-text.ts'
import { runOperator, type OperatorSettings } from '../operator/run-operator.ts'
import type { Clock } from '../ports/clock.ts'
import type { InboxEntry } from '../ports/inbox.ts'
import type { NotifyChannels } from '../ports/notify-channels.ts'
import type { Resources } from '../ports/resources.ts'
import type { Store } from '../ports/store.ts'
import { systemClock } from './system-clock.ts'
import { silentLogger } from '../ports/silent-logger.ts'

export const namespace = 'incident-response'
export const open: (() => Promise<void>)[] = []
/** After each test: closes what it opened, the latest first. */
export const closeAll = async (): Promise<void> => {
  for (const close of open.splice(0).toReversed()) await close()
}

const settings: OperatorSettings = {
  agentImage: 'ghcr.io/kubeswarm/kubeswarm:test',
  agentArgs: ['agent'],
  hubUrl: 'http://127.0.0.1:8092',
  webhookBaseUrl: 'http://127.0.0.1:8092',
  namespace: 'kubeswarm-system',
}

const deaf: NotifyChannels = { deliver: () => Promise.resolve({ type: 'taken' }) }

export const start = async (
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
    logger: silentLogger,
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

export const setUp = async (more: Partial<OperatorSettings> = {}) => {
  const resources = createMemoryResources()
  const store = openSqliteStore({ path: ':memory:', clock: systemClock })
  open.push(() => store.close())
  const operator = await start({ resources, store }, more)
  return { resources, store, operator }
}

export const meta = (name: string) => ({ name, namespace })
export const agentNamed = (name: string, spec: Partial<SwarmAgent['spec']> = {}): SwarmAgent => ({
  apiVersion,
  kind: 'SwarmAgent',
  metadata: meta(name),
  spec: { model: 'qwen2.5:7b', prompt: { inline: `You are the ${name}.` }, ...spec },
})
export const team: SwarmTeam = {
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
export const runNamed = (name: string, spec: Partial<SwarmRun['spec']> = {}): SwarmRun => ({
  apiVersion,
  kind: 'SwarmRun',
  metadata: meta(name),
  spec: { teamRef: 'incident-responder', input: { alert: 'High error rate' }, ...spec },
})
export const roles = ['investigator', 'diagnostician', 'notifier']

export const createPipeline = async (resources: Resources): Promise<void> => {
  for (const role of roles) await resources.create(swarmAgents, agentNamed(`incident-${role}`))
  await resources.create(swarmTeams, team)
}

/** Takes the next task of an agent and completes it with `output`. */
export const play = async (store: Store, name: string, output: string): Promise<string> => {
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

export const read = async <T extends KubernetesObject>(
  resources: Resources,
  type: ResourceType,
  name: string,
) => {
  const found = await resources.get<T>(type, { namespace, name })
  if (found === undefined) throw new Error(`${type.kind} ${name} is not there`)
  return found
}
const phase = async (resources: Resources, name: string) =>
  (await read<SwarmRun>(resources, swarmRuns, name)).status?.phase
export const untilPhase = (resources: Resources, name: string, expected: string) =>
  vi.waitFor(async () => expect(await phase(resources, name)).toBe(expected), { timeout: 10_000 })

export const webhook = (spec: Partial<SwarmEvent['spec']> = {}): SwarmEvent => ({
  apiVersion,
  kind: 'SwarmEvent',
  metadata: meta('pagerduty'),
  spec: {
    source: { type: 'webhook' },
    targets: [{ team: 'incident-responder', input: { alert: '{{ .trigger.body.title }}' } }],
    ...spec,
  },
})
export const entryNamed = (delivery: string, name: string, uid = 'event-uid'): InboxEntry => ({
  delivery,
  namespace,
  event: 'pagerduty',
  uid,
  receivedAt: new Date().toISOString(),
  runs: [{ name, target: 0, manifest: runNamed(name) }],
})
export const deliver = (store: Store, delivery: string, name: string, uid?: string) =>
  store.inbox.accept(entryNamed(delivery, name, uid))
