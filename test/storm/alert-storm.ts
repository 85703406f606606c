// A storm of alerts: PagerDuty deliveries, shuffled and repeated, at a cluster whose hub and operator are killed at
// random, with the agents or without. What must hold afterwards: one run for each incident, one Slack post for each
// run, told by the mock Slack's own ledger. Slack and the scripted model stand outside of what is killed.

import { createHmac, randomInt } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startScriptedModel } from '../../src/adapters/scripted-model/start-scripted-model.ts'
import { startMockServer } from '../../src/adapters/mock-servers/start-mock-server.ts'
import { apiOf } from '../scenarios/support/api.ts'
import { checkout } from '../scenarios/support/swarm.ts'
import { startStormedCluster, type Victims } from './stormed-cluster.ts'

export interface StormOutcome {
  readonly alerts: number
  readonly deliveries: number
  readonly kills: number
  readonly victims: Victims
  readonly runs: number
  readonly succeeded: number
  /** Why the others did not. */
  readonly failures: readonly string[]
  /** Incidents whose deliveries were answered with more than one name. */
  readonly severalNames: number
  /** Slack posts per incident: how many incidents had so many. */
  readonly posts: Readonly<Record<number, number>>
  readonly seconds: number
}

/**
 * One run for each incident, and one post for each run, all of which succeed while the agents live. One whose agent was
 * killed between announcing its post and hearing of it says OutcomeUnknown, and has posted once or not at all. Nothing
 * else may fail.
 */
export const holds = ({
  alerts,
  victims,
  runs,
  succeeded,
  failures,
  severalNames,
  posts,
}: StormOutcome): boolean =>
  runs === alerts &&
  severalNames === 0 &&
  Object.keys(posts).every((count) => Number(count) <= 1) &&
  (posts[1] ?? 0) >= succeeded &&
  failures.every((failure) => victims === 'everything' && failure.includes('OutcomeUnknown'))

const namespace = 'storm'
const sharedSecret = 'a'.repeat(64)

export const playStorm = async ({
  alerts,
  kills,
  victims,
  say = () => undefined,
}: {
  readonly alerts: number
  readonly kills: number
  readonly victims: Victims
  readonly say?: (line: string) => void
}): Promise<StormOutcome> => {
  const began = performance.now()
  const directory = mkdtempSync(join(tmpdir(), 'storm-'))
  const slack = await startMockServer({
    server: 'slack',
    port: 0,
    controlPort: 0,
    host: '127.0.0.1',
    log: () => undefined,
  })
  const scriptPath = join(directory, 'script.yaml')
  writeFileSync(scriptPath, script)
  const model = await startScriptedModel({
    script: scriptPath,
    host: '127.0.0.1',
    port: 0,
    log: () => undefined,
  })
  const manifestPath = join(directory, 'manifests.yaml')
  writeFileSync(manifestPath, manifests(slack.url))
  const cluster = await startStormedCluster({
    victims,
    directory,
    manifests: manifestPath,
    modelUrl: model.url,
  })
  let killed = 0
  try {
    const url = `${cluster.hubUrl}/triggers/${namespace}/pages/fire`
    const ids = Array.from({ length: alerts }, (_, index) => `P-${10_000 + index}`)
    // Each once, and about half of them once or twice more.
    const deliveries = shuffled(
      ids.flatMap((id) => Array.from({ length: 1 + (randomInt(4) >> 1) }, () => id)),
    )
    const names = new Map<string, Set<string>>()
    let next = 0
    const sender = async (): Promise<void> => {
      for (let id = deliveries[next++]; id !== undefined; id = deliveries[next++])
        names.set(id, (names.get(id) ?? new Set()).add(await deliver({ url, id })))
    }
    const sending = Promise.all(Array.from({ length: 16 }, sender))
    let over = false
    const nemesis = (async () => {
      while (killed < kills && !over) {
        await pause(300 + randomInt(2500))
        await cluster.strike()
        killed += 1
        say(`killed ${killed} of ${kills}, ${next} of ${deliveries.length} deliveries sent`)
      }
    })()
    await sending
    await nemesis
    say(`all ${deliveries.length} deliveries are accepted`)
    const runs = await untilAllEnded({ kubeconfig: cluster.kubeconfig, count: alerts, say })
    over = true
    const ledger = (await (await fetch(`${slack.controlUrl}/__ledger`)).json()) as {
      readonly calls: readonly { readonly executed: boolean; readonly arguments: { readonly text: string } }[]
    }
    const perIncident = new Map(ids.map((id) => [id, 0]))
    for (const {
      executed,
      arguments: { text },
    } of ledger.calls)
      if (executed) perIncident.set(text, (perIncident.get(text) ?? 0) + 1)
    const posts: Record<number, number> = {}
    for (const count of perIncident.values()) posts[count] = (posts[count] ?? 0) + 1
    return {
      alerts,
      deliveries: deliveries.length,
      kills: killed,
      victims,
      runs: runs.length,
      succeeded: runs.filter(({ phase }) => phase === 'Succeeded').length,
      failures: runs.flatMap(({ phase, why }) => (phase === 'Succeeded' ? [] : [`${phase}: ${why}`])),
      severalNames: [...names.values()].filter(({ size }) => size !== 1).length,
      posts,
      seconds: Math.round((performance.now() - began) / 1000),
    }
  } finally {
    await cluster.close()
    await Promise.all([slack.close(), model.close()])
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Until it is accepted: a sender repeats what was not answered. */
const deliver = async ({ url, id }: { readonly url: string; readonly id: string }): Promise<string> => {
  const body = bodyOf(id)
  const signature = `v1=${createHmac('sha256', sharedSecret).update(body).digest('hex')}`
  for (;;) {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-pagerduty-signature': signature },
    }).catch(() => undefined)
    if (response?.status === 202) {
      const { run } = (await response.json().catch(() => ({ run: '' }))) as { run: string }
      if (run !== '') return run
    } else await response?.body?.cancel()
    await pause(100)
  }
}

const template = JSON.parse(
  readFileSync(join(checkout, 'samples/webhooks/pagerduty-triggered.json'), 'utf8'),
) as { readonly event: { readonly data: object } }
const occurredAt = new Date().toISOString()
const bodyOf = (id: string): string =>
  JSON.stringify({
    event: {
      ...template.event,
      id: `01${id}`,
      occurred_at: occurredAt,
      data: { ...template.event.data, id, title: `Alert ${id}` },
    },
  })

interface Ended {
  readonly phase: string
  readonly why: string
}

/** The runs, once there are so many and all have ended. */
const untilAllEnded = async ({
  kubeconfig,
  count,
  say,
}: {
  readonly kubeconfig: string
  readonly count: number
  readonly say: (line: string) => void
}): Promise<readonly Ended[]> => {
  const api = apiOf(kubeconfig)
  const path = `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmruns`
  const seen = new Map<string, Ended>()
  let told = 0
  for (;;) {
    for await (const { object } of api.watch<{
      readonly metadata: { readonly name: string }
      readonly status?: {
        readonly phase?: string
        readonly conditions?: readonly { readonly message: string }[]
      }
    }>(path)) {
      const { phase = 'Pending', conditions = [] } = object.status ?? {}
      seen.set(object.metadata.name, { phase, why: conditions.map(({ message }) => message).join('; ') })
      const ended = [...seen.values()].filter((run) => /^(Succeeded|Failed|Cancelled)$/.test(run.phase))
      if (ended.length >= told + 100) say(`${(told = ended.length)} of ${count} runs have ended`)
      if (ended.length === seen.size && ended.length >= count) return ended
    }
  }
}

const shuffled = <T>(items: readonly T[]): readonly T[] =>
  items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)

const script = `name: storm
rules:
  - name: announcer
    when:
      system: 'you announce'
    values:
      id: { from: user, match: '\\b(P-[0-9]+)\\b' }
    steps:
      - calls:
          - tool: post_message
            arguments: { channel: '#incidents', text: '{{id}}' }
    answer: 'Told {{id}}.'
`

const manifests = (slackUrl: string): string => `
apiVersion: v1
kind: Namespace
metadata: { name: ${namespace} }
---
apiVersion: v1
kind: Secret
metadata: { name: from-pagerduty, namespace: ${namespace} }
stringData: { secret: ${sharedSecret} }
---
apiVersion: kubeswarm.io/v1alpha1
kind: SwarmAgent
metadata: { name: announcer, namespace: ${namespace} }
spec:
  model: scripted
  prompt: { inline: You announce incidents. }
  tools:
    mcp: [{ name: slack, url: "${slackUrl}" }]
  guardrails:
    limits: { retries: 3, concurrentTasks: 8 }
    tools:
      allow: [slack/post_message]
---
apiVersion: kubeswarm.io/v1alpha1
kind: SwarmTeam
metadata: { name: announcers, namespace: ${namespace} }
spec:
  roles: [{ name: announcer, swarmAgent: announcer }]
  pipeline: [{ role: announcer, inputs: { page: "{{ .input.page }}" } }]
  # All are counted afterwards.
  successfulRunsHistoryLimit: 100000
  failedRunsHistoryLimit: 100000
---
apiVersion: kubeswarm.io/v1alpha1
kind: SwarmEvent
metadata: { name: pages, namespace: ${namespace} }
spec:
  source:
    type: webhook
    webhook:
      preset: pagerduty
      signature: { secretRef: { name: from-pagerduty } }
      storm: { maxUnfinished: 32 }
  targets:
    - team: announcers
      input: { page: "{{ .trigger.alert.id }}: {{ .trigger.alert.title }}" }
`
