// A node for one machine that runs containers as local processes: registers itself, takes pods, runs them, tells the
// truth about them, and leaves nothing behind. An ordinary API client; it is no sandbox and pulls no images.

import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import type { Connection } from '../client/connection.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import { startInformer } from '../client/informer.ts'
import { createKubeClient } from '../client/kube-client.ts'
import type { EndpointSlice, Node, Pod, Service } from '../client/kubernetes-types.ts'
import { silentLogger, type Logger } from '../client/logger.ts'
import { kinds, pathOf } from '../client/resource-kind.ts'
import type { LocalImage } from './image.ts'
import { createKubeletAccess } from './kubelet-access.ts'
import { startKubeletServer } from './kubelet-server.ts'
import { startHeartbeat } from './node-heartbeat.ts'
import { registerNode } from './node-registration.ts'
import type { PodEvent } from './pod-event.ts'
import { podDirectory, startPodWorker, type NodeContext, type PodWorker } from './pod-worker.ts'
import { createPortAllocator } from './ports.ts'
import { createProcessHost } from './processes.ts'
import { createReferencedObjects } from './referenced-objects.ts'
import { kubernetesBackoff, type RestartBackoff } from './restart-backoff.ts'
import { startScheduler } from './scheduler.ts'
import { selfSignedCertificate } from './self-signed-certificate.ts'
import { startServiceProxy } from './service-proxy.ts'
import { createServiceResolver, indexByService } from './service-resolver.ts'
import { statsSummary } from './stats-summary.ts'

export interface NodeAgentConfig {
  /** Text of a kubeconfig, or where the API server is and how to speak to it. */
  readonly kubeconfig: string | Connection
  readonly nodeName?: string
  readonly images: readonly LocalImage[]
  /** Volumes, logs and process records; one node agent at a time. */
  readonly stateDirectory: string
  /** For every process on this node. */
  readonly extraEnv?: Readonly<Record<string, string>>
  readonly restartBackoff?: RestartBackoff
  /** PEM, for the node's HTTPS endpoint; without it a self-signed one is made. */
  readonly servingCertificate?: { readonly certificate: string; readonly key: string }
  /** PEM: clients with a certificate of this authority may read logs, as with a kubelet's `--client-ca-file`. */
  readonly clientAuthority?: string
  /** No pod gets longer than this to stop when the agent itself stops. */
  readonly longestShutdownMilliseconds?: number
  /** Of the node's Lease; renewed every quarter. False: nobody calls a node dead here, so nothing is written for it. */
  readonly leaseSeconds?: number | false
  readonly logger?: Logger
  readonly onPodEvent?: (event: PodEvent) => void
}

export interface NodeAgent {
  readonly nodeName: string
  readonly kubeletPort: number
  /** HTTP proxy and service resolver for programs outside of pods. */
  readonly proxyUrl: string
  readonly resolverUrl: string
  close(): Promise<void>
}

const ip = '127.0.0.1'

export async function startNodeAgent({
  kubeconfig,
  nodeName = 'local',
  images,
  stateDirectory,
  extraEnv = {},
  restartBackoff = kubernetesBackoff,
  servingCertificate,
  clientAuthority,
  longestShutdownMilliseconds = 10_000,
  leaseSeconds = 40,
  logger = silentLogger,
  onPodEvent = () => undefined,
}: NodeAgentConfig): Promise<NodeAgent> {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 })
  const client = createKubeClient({ kubeconfig, userAgent: 'local-kube-node-agent' })
  const host = createProcessHost({ directory: join(stateDirectory, 'processes') })
  const references = createReferencedObjects({ client, logger })
  const events = createEventRecorder({ client, component: 'kubelet', host: nodeName, logger })
  const schedulerEvents = createEventRecorder({ client, component: 'default-scheduler', logger })
  const workers = new Map<string, PodWorker>()

  const watch = { client, logger }
  const services = startInformer<Service>({ ...watch, path: pathOf({ kind: kinds.services }) })
  const slices = startInformer<EndpointSlice>({
    ...watch,
    path: pathOf({ kind: kinds.endpointSlices }),
    index: indexByService,
  })
  const nodes = startInformer<Node>({
    ...watch,
    path: pathOf({ kind: kinds.nodes }),
    fieldSelector: `metadata.name=${nodeName}`,
  })
  const proxy = await startServiceProxy({ resolver: createServiceResolver({ services, slices }) })

  const server = new URL(client.connection.url)
  const nodeEnv = (pod: Pod, directory: string): Readonly<Record<string, string>> => {
    const home = join(directory, 'home')
    const temporary = join(directory, 'tmp')
    for (const path of [home, temporary]) mkdirSync(path, { recursive: true, mode: 0o700 })
    return {
      // The Node that runs this agent is the `node` of its pods.
      PATH: [dirname(process.execPath), process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(
        delimiter,
      ),
      HOME: home,
      TMPDIR: temporary,
      HOSTNAME: pod.spec.hostname ?? pod.metadata.name,
      KUBERNETES_SERVICE_HOST: server.hostname,
      KUBERNETES_SERVICE_PORT: server.port || '443',
      HTTP_PROXY: proxy.proxyUrl,
      http_proxy: proxy.proxyUrl,
      NO_PROXY: '127.0.0.1,localhost',
      no_proxy: '127.0.0.1,localhost',
      LOCAL_KUBE_RESOLVER: proxy.resolverUrl(pod.metadata.namespace ?? 'default'),
      ...extraEnv,
    }
  }

  const isAllowed = createKubeletAccess({ client, nodeName })
  const kubelet = await startKubeletServer({
    clientAuthority,
    certificate:
      servingCertificate ??
      selfSignedCertificate({
        commonName: nodeName,
        addresses: [ip],
        names: ['localhost', nodeName],
      }),
    source: {
      isAllowed,
      stats: () =>
        statsSummary({
          nodeName,
          pods: [...workers.values()].map((worker) => worker.measured()),
          now: Date.now(),
        }),
      log({ namespace, pod, container, previous }) {
        const worker = [...workers.values()].find((candidate) => {
          const { metadata } = candidate.pod()
          return metadata.name === pod && metadata.namespace === namespace
        })
        return worker === undefined
          ? { type: 'not-here', message: `pod "${namespace}/${pod}" is not on this node` }
          : worker.log({ container, previous })
      },
    },
  })

  const registration = await registerNode({
    client,
    nodeName,
    kubeletPort: kubelet.port,
    images: images.map(({ match }) => match),
  })

  const mine = startInformer<Pod>({
    ...watch,
    path: pathOf({ kind: kinds.pods }),
    fieldSelector: `spec.nodeName=${nodeName}`,
  })
  const unbound = startInformer<Pod>({
    ...watch,
    path: pathOf({ kind: kinds.pods }),
    fieldSelector: 'spec.nodeName=',
  })
  await Promise.all([mine.synced, unbound.synced, nodes.synced, services.synced, slices.synced])
  nodes.learn(registration.node)
  const heartbeat =
    leaseSeconds === false
      ? undefined
      : startHeartbeat({ client, nodeName, nodes, registration, leaseSeconds, logger })
  removeForgottenPods({ stateDirectory, known: new Set(mine.list().map(({ metadata }) => metadata.uid)) })

  const context: NodeContext = {
    client,
    place: { nodeName, ip },
    images,
    stateDirectory,
    host,
    ports: createPortAllocator(),
    references,
    events,
    backoff: restartBackoff,
    nodeEnv,
    logger,
    onPodEvent,
  }
  const vanishing = new Set<Promise<void>>()
  const stopPods = mine.onChange(({ type, object }) => {
    const { uid } = object.metadata
    const worker = workers.get(uid)
    if (type === 'deleted') {
      workers.delete(uid)
      const gone = worker?.vanish().finally(() => vanishing.delete(gone ?? Promise.resolve()))
      if (gone !== undefined) vanishing.add(gone)
    } else if (worker === undefined) workers.set(uid, startPodWorker({ pod: object, context }))
    else worker.update(object)
  })
  const scheduler = startScheduler({
    client,
    nodeName,
    pods: unbound,
    nodes,
    events: schedulerEvents,
    logger,
  })
  logger.info({ node: nodeName, kubeletPort: kubelet.port }, 'node agent is ready')

  const close = async (): Promise<void> => {
    await scheduler.close()
    // No new pods from here on; those that are deleted meanwhile are ended like all others.
    stopPods()
    await Promise.all([...workers.values()].map((worker) => worker.shutDown(longestShutdownMilliseconds)))
    await Promise.all(vanishing)
    await heartbeat?.close()
    await registration
      .withdraw()
      .catch((error: unknown) => logger.warn({ error: String(error) }, 'cannot say goodbye'))
    await Promise.all([events.close(), schedulerEvents.close()])
    await Promise.all([mine, unbound, nodes, services, slices, references].map((part) => part.close()))
    await Promise.all([kubelet.close(), proxy.close()])
    await client.close()
  }
  let closed: Promise<void> | undefined

  return {
    nodeName,
    kubeletPort: kubelet.port,
    proxyUrl: proxy.proxyUrl,
    resolverUrl: proxy.resolverUrl('default'),
    // Whoever embeds the cluster may end the pods before the rest of it.
    close: () => (closed ??= close()),
  }
}

/** Directories of pods that were deleted while no agent ran. */
function removeForgottenPods({
  stateDirectory,
  known,
}: {
  stateDirectory: string
  known: ReadonlySet<string>
}): void {
  mkdirSync(join(stateDirectory, 'pods'), { recursive: true, mode: 0o700 })
  for (const uid of readdirSync(join(stateDirectory, 'pods'))) {
    if (!known.has(uid)) rmSync(podDirectory(stateDirectory, uid), { recursive: true, force: true })
  }
}
