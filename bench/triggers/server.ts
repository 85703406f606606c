// `swarm dev` with two events and an agent behind them, as a process of its own.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apiOf, type Api } from '../../test/scenarios/support/api.ts'
import { residentBytes } from '../../test/scenarios/support/processes.ts'
import { startDevProcess } from '../../test/scenarios/support/swarm.ts'
import type { FloodedHub } from './flood.ts'

export interface MeasuredTriggers extends FloodedHub {
  /** Deliveries that have started a run, and runs that wait, once they are so many together. */
  readonly settled: (deliveries: number) => Promise<{ readonly fired: number; readonly waiting: number }>
  readonly close: () => Promise<void>
}

const namespace = 'flood'
const secret = 'a'.repeat(64)
const eventPath = (name: string) => `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmevents/${name}`

interface SwarmEvent {
  readonly status?: {
    readonly firedCount?: number
    readonly waitingCount?: number
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

export async function startMeasuredTriggers(): Promise<MeasuredTriggers> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-triggers-'))
  writeFileSync(join(directory, 'flood.yaml'), manifests)
  writeFileSync(join(directory, 'script.yaml'), script)
  const dev = await startDevProcess({
    args: [
      '--state',
      join(directory, 'state'),
      '--script',
      join(directory, 'script.yaml'),
      '--log-level',
      'error',
      join(directory, 'flood.yaml'),
    ],
  })
  const api = apiOf(dev.kubeconfig)
  for (const name of ['flooded', 'other'])
    await api.until<SwarmEvent>(
      eventPath(name),
      ({ status }) =>
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
    )
  return {
    url: dev.hubUrl,
    flooded: { path: `/triggers/${namespace}/flooded/fire`, secret },
    other: { path: `/triggers/${namespace}/other/fire`, token: await tokenOf(api) },
    residentBytes: () => residentBytes(dev.pid),
    async settled(deliveries) {
      const { status } = await api.until<SwarmEvent>(
        eventPath('flooded'),
        ({ status: now }) => (now?.firedCount ?? 0) + (now?.waitingCount ?? 0) >= deliveries,
      )
      return { fired: status?.firedCount ?? 0, waiting: status?.waitingCount ?? 0 }
    },
    async close() {
      await dev.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const tokenOf = async (api: Api): Promise<string> => {
  const { data } = await api.ok<{ readonly data: { readonly token: string } }>(
    'GET',
    `/api/v1/namespaces/${namespace}/secrets/other-webhook-token`,
  )
  return Buffer.from(data.token, 'base64').toString('utf8')
}

const script = `name: flood
rules:
  - name: clerk
    when: { system: 'you are a clerk' }
    answer: 'Noted.'
`

const manifests = `
apiVersion: v1
kind: Namespace
metadata: { name: ${namespace} }
---
apiVersion: v1
kind: Secret
metadata: { name: shared, namespace: ${namespace} }
stringData: { secret: ${secret} }
---
apiVersion: kubeswarm.io/v1alpha1
kind: SwarmAgent
metadata: { name: clerk, namespace: ${namespace} }
spec: { model: scripted, prompt: { inline: You are a clerk. } }
---
apiVersion: kubeswarm.io/v1alpha1
kind: SwarmEvent
metadata: { name: flooded, namespace: ${namespace} }
spec:
  source: { type: webhook, webhook: { preset: pagerduty, signature: { secretRef: { name: shared } } } }
  targets: [{ agent: clerk, prompt: "{{ .trigger.alert.title }}" }]
---
apiVersion: kubeswarm.io/v1alpha1
kind: SwarmEvent
metadata: { name: other, namespace: ${namespace} }
spec:
  source: { type: webhook, webhook: { filter: "no" } }
  targets: [{ agent: clerk, prompt: other }]
`
