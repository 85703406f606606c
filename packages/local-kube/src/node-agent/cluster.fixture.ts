// A whole cluster for tests: the API server, the controllers, a node agent and a client, started and stopped together.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createKubeClient, type KubeClient } from '../client/kube-client.ts'
import type { Pod } from '../client/kubernetes-types.ts'
import { kinds, type ResourceKind } from '../client/resource-kind.ts'
import { startControllers } from '../controllers/start-controllers.ts'
import { startApiServer } from '../index.ts'
import { startNodeAgent, type NodeAgent, type NodeAgentConfig } from './start-node-agent.ts'

export interface Cluster {
  readonly client: KubeClient
  readonly kubeconfig: string
  readonly directory: string
  readonly node: () => NodeAgent
  startNode(more?: Partial<NodeAgentConfig>): Promise<NodeAgent>
  create(kind: ResourceKind, body: object, namespace?: string): Promise<void>
  /** Asks again on every round until `check` returns something. */
  eventually<T>(what: string, check: () => Promise<T | undefined | false> | T | undefined | false): Promise<T>
  pods(selector?: string, namespace?: string): Promise<readonly Pod[]>
  readyPod(selector: string, namespace?: string): Promise<Pod>
  logs(pod: string, query?: string, namespace?: string): Promise<string>
  /** Ends the API server and starts it again at the same address with what it had kept. */
  restartServer(): Promise<void>
  close(): Promise<void>
}

export const serverProgram = join(import.meta.dirname, 'fixtures', 'server.js')
export const image = 'example.com/app'

export async function startCluster({
  withNode = true,
}: { readonly withNode?: boolean } = {}): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), 'cluster-'))
  let server = await startApiServer({ directory: join(directory, 'api') })
  const client = createKubeClient({ kubeconfig: server.kubeconfig() })
  const controllers = await startControllers({ client })
  let node: NodeAgent | undefined

  const cluster: Cluster = {
    client,
    kubeconfig: server.kubeconfig(),
    directory,
    node() {
      if (node === undefined) throw new Error('no node agent runs')
      return node
    },
    async startNode(more = {}) {
      node = await startNodeAgent({
        kubeconfig: server.kubeconfig(),
        images: [{ match: image, command: [process.execPath, serverProgram] }],
        stateDirectory: join(directory, 'node'),
        servingCertificate: await server.issueCertificate({
          commonName: 'local',
          hosts: ['127.0.0.1', 'localhost'],
        }),
        ...more,
      })
      return node
    },
    async create(kind, body, namespace = 'default') {
      await client.create({ kind, namespace, body })
    },
    async eventually(what, check) {
      const until = Date.now() + 25_000
      let last: unknown
      while (Date.now() < until) {
        try {
          const result = await check()
          if (result !== undefined && result !== false) return result
        } catch (error) {
          last = error
        }
        await sleep(20)
      }
      throw new Error(`never came true: ${what}${last === undefined ? '' : ` (${String(last)})`}`)
    },
    async pods(selector = '', namespace = 'default') {
      const { items } = await client.request<{ items: readonly Pod[] }>({
        path: `/api/v1/namespaces/${namespace}/pods`,
        query: { labelSelector: selector || undefined },
      })
      return items
    },
    readyPod: (selector, namespace) =>
      cluster.eventually(`a ready pod of ${selector}`, async () =>
        (await cluster.pods(selector, namespace)).find(
          ({ metadata, status }) =>
            metadata.deletionTimestamp === undefined &&
            status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
        ),
      ),
    async logs(pod, query = '', namespace = 'default') {
      const { request, Agent } = await import('undici')
      const { url, ca, token } = client.connection
      const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca } })
      const reply = await request(`${url}/api/v1/namespaces/${namespace}/pods/${pod}/log${query}`, {
        dispatcher,
        headers: { authorization: `Bearer ${token}` },
      })
      const text = await reply.body.text()
      await dispatcher.close()
      return text
    },
    async restartServer() {
      const port = Number(new URL(server.url).port)
      await server.close()
      server = await startApiServer({ directory: join(directory, 'api'), port })
    },
    async close() {
      await node?.close()
      await controllers.close()
      await client.close()
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
  if (withNode) await cluster.startNode()
  return cluster
}

export const deployment = ({
  name,
  replicas = 1,
  container = {},
  pod = {},
  annotations = {},
}: {
  readonly name: string
  readonly replicas?: number
  readonly container?: object
  readonly pod?: object
  readonly annotations?: Readonly<Record<string, string>>
}) => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations },
      spec: {
        containers: [
          {
            name: 'main',
            image: `${image}:1`,
            ports: [{ containerPort: 8080 }],
            readinessProbe: { httpGet: { path: '/healthz', port: 8080 } },
            ...container,
          },
        ],
        ...pod,
      },
    },
  },
})

export const service = (name: string) => ({
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
})

export { kinds }
