// The Node object of this machine: created or taken over at the start, kept Ready while the agent runs, and not Ready
// with a reason once it stopped. Its capacity is the machine's; nothing is enforced by it.

import { arch, cpus, hostname, platform, release, totalmem } from 'node:os'
import { isApiError, isNotFound } from '../client/api-error.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { Condition, Node } from '../client/kubernetes-types.ts'
import { kinds } from '../client/resource-kind.ts'

export interface NodeRegistration {
  /** As the server has it after the registration. */
  readonly node: Node
  /** Says again that the node is ready; `present` is what is known of it. */
  renew(present: Node | undefined): Promise<void>
  /** Says in the API that the node agent has stopped. */
  withdraw(): Promise<void>
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

export async function registerNode({
  client,
  nodeName,
  kubeletPort,
  images,
}: {
  readonly client: KubeClient
  readonly nodeName: string
  readonly kubeletPort: number
  readonly images: readonly string[]
}): Promise<NodeRegistration> {
  const architecture = architectures[arch()] ?? arch()
  const labels = {
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': platform(),
    'kubernetes.io/arch': architecture,
    'local-kube.dev/node': 'true',
  }
  const resources = { cpu: String(cpus().length), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: '1000' }

  const create = async (): Promise<Node> => {
    try {
      return await client.create<Node>({
        kind: kinds.nodes,
        body: { metadata: { name: nodeName, labels }, spec: {} },
      })
    } catch (error) {
      if (!isApiError(error, 409)) throw error
      return client.patch<Node>({ kind: kinds.nodes, name: nodeName, body: { metadata: { labels } } })
    }
  }

  const writeStatus = (conditions: readonly Condition[]): Promise<Node> =>
    client.patch<Node>({
      kind: kinds.nodes,
      name: nodeName,
      subresource: 'status',
      body: {
        status: {
          capacity: resources,
          allocatable: resources,
          addresses: [
            { type: 'InternalIP', address: '127.0.0.1' },
            { type: 'Hostname', address: nodeName },
          ],
          daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
          nodeInfo: {
            architecture,
            operatingSystem: platform(),
            kernelVersion: release(),
            osImage: `${platform()} on ${hostname()}`,
            containerRuntimeVersion: 'local-process://1.0.0',
            kubeletVersion: 'v1.34.4+local-kube',
            kubeProxyVersion: '',
            machineID: '',
            systemUUID: '',
            bootID: '',
          },
          images: images.map((image) => ({ names: [image], sizeBytes: 0 })),
          conditions,
        },
      },
    })

  const previous = await create()
  const node = await writeStatus(conditions({ previous, ready: true }))

  return {
    node,
    async renew(present) {
      await writeStatus(conditions({ previous: present, ready: true }))
    },
    async withdraw() {
      try {
        await writeStatus(conditions({ previous: undefined, ready: false }))
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    },
  }
}

function conditions({
  previous,
  ready,
}: {
  previous: Node | undefined
  ready: boolean
}): readonly Condition[] {
  const known = (previous?.status?.['conditions'] ?? []) as readonly Condition[]
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  const condition = (type: string, status: string, reason: string, message: string): Condition => {
    const same = known.find((entry) => entry.type === type && entry.status === status)
    const lastTransitionTime = same?.lastTransitionTime ?? now
    return { type, status, reason, message, lastTransitionTime, lastHeartbeatTime: now } as Condition
  }
  return [
    condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'memory is not watched on this node'),
    condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'disks are not watched on this node'),
    condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'processes are not counted on this node'),
    ready
      ? condition('Ready', 'True', 'KubeletReady', 'node agent is ready; containers run as local processes')
      : condition(
          'Ready',
          'False',
          'NodeAgentStopped',
          'the node agent was stopped; it starts its pods again when it is back',
        ),
  ]
}
