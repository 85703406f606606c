// One pod on this node from its binding to its removal: ports, volumes, init containers, containers, status, end.
// Everything it knows of the outside comes through `NodeContext`; the only object it writes is its own pod.

import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isApiError, isNotFound } from '../client/api-error.ts'
import { sameValue } from '../client/canonical-json.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { isNewer } from '../client/informer.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { Container, ContainerStatus, Pod, PodStatus } from '../client/kubernetes-types.ts'
import type { Logger } from '../client/logger.ts'
import { kinds } from '../client/resource-kind.ts'
import type { ContainerLog } from './container-log.ts'
import { processSpec } from './container-process-spec.ts'
import { runContainer, type ContainerRunner } from './container-runner.ts'
import type { PodPlace } from './field-reference.ts'
import { resolveImage, type LocalImage } from './image.ts'
import type { PodEvent } from './pod-event.ts'
import { podPhase, podStatus } from './pod-status.ts'
import { createPodVolumes, type PodVolumes } from './pod-volumes.ts'
import { hostPortsAnnotation, type PortAllocator } from './ports.ts'
import type { ProcessHost } from './processes.ts'
import type { ReferencedObjects } from './referenced-objects.ts'
import type { RestartBackoff } from './restart-backoff.ts'
import { requestPodTokens } from './service-account-tokens.ts'
import type { MeasuredPod } from './stats-summary.ts'

export interface NodeContext {
  readonly client: KubeClient
  readonly place: PodPlace
  readonly images: readonly LocalImage[]
  readonly stateDirectory: string
  readonly host: ProcessHost
  readonly ports: PortAllocator
  readonly references: ReferencedObjects
  readonly events: EventRecorder
  readonly backoff: RestartBackoff
  /** Environment for every process of this pod; without the parts that depend on its containers. */
  readonly nodeEnv: (pod: Pod, directory: string) => Readonly<Record<string, string>>
  readonly logger: Logger
  readonly onPodEvent: (event: PodEvent) => void
}

export interface PodWorker {
  update(pod: Pod): void
  /** The pod is gone from the API: nothing to be graceful for. */
  vanish(): Promise<void>
  /** The node stops: end the containers, leave a truthful status, keep the pod. */
  shutDown(longestGraceMilliseconds: number): Promise<void>
  /** The log of the container's current (or last) run, or of the one before. */
  log(options: { readonly container: string; readonly previous: boolean }): LogSource
  readonly pod: () => Pod
  /** What can be measured of it. */
  measured(): MeasuredPod
}

export type LogSource =
  | { readonly type: 'found'; readonly log: ContainerLog | { readonly file: string } }
  | { readonly type: 'absent'; readonly message: string }

export const podDirectory = (stateDirectory: string, uid: string): string => join(stateDirectory, 'pods', uid)

export function startPodWorker({
  pod: first,
  context,
}: {
  readonly pod: Pod
  readonly context: NodeContext
}): PodWorker {
  const { client, place, logger, events } = context
  const { namespace, name, uid } = first.metadata
  const identity = { kind: kinds.pods, namespace, name }
  const directory = podDirectory(context.stateDirectory, uid)
  const startTime = first.status?.startTime ?? now()
  const runners = new Map<string, ContainerRunner>()
  const before = new Map(
    [...(first.status?.initContainerStatuses ?? []), ...(first.status?.containerStatuses ?? [])].map(
      (status) => [status.name, status],
    ),
  )
  let pod = first
  let change = Promise.withResolvers<void>()
  let ports: ReadonlyMap<number, number> = new Map()
  let volumes: PodVolumes | undefined
  let ending:
    | { readonly reason: 'deleted' | 'vanished' | 'shut-down' | 'deadline'; readonly done: Promise<void> }
    | undefined
  let failure: { readonly reason: string; readonly message: string } | undefined
  let publishing: Promise<void> | undefined
  let unpublished = false
  let wasReady = false
  let deadline: NodeJS.Timeout | undefined
  let allowed = Number.POSITIVE_INFINITY

  const wake = (): void => {
    change.resolve()
    change = Promise.withResolvers<void>()
  }

  /** Answers to our own writes and news from the watch overtake each other; the newer one counts. */
  const adopt = (next: Pod): void => {
    if (isNewer(next.metadata.resourceVersion, pod.metadata.resourceVersion)) pod = next
  }

  const event = (type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string): void =>
    events.record({
      object: pod,
      kind: kinds.pods,
      type,
      reason,
      message,
      ...(fieldPath !== undefined && { fieldPath }),
    })

  // --- status -------------------------------------------------------------------------------------------------------

  const waitingStatus = ({ name: container, image }: Container): ContainerStatus => ({
    name: container,
    image,
    imageID: '',
    state: {
      waiting: { reason: runners.size === 0 && !hasInit() ? 'ContainerCreating' : 'PodInitializing' },
    },
    ready: false,
    started: false,
    restartCount: before.get(container)?.restartCount ?? 0,
  })

  const hasInit = (): boolean => (pod.spec.initContainers?.length ?? 0) > 0

  const facts = () => ({
    pod,
    ip: place.ip,
    startTime,
    initContainers: (pod.spec.initContainers ?? []).map((container) => {
      const status = runners.get(container.name)?.status() ?? waitingStatus(container)
      // An init container is "ready" when it has done its work.
      return container.restartPolicy === 'Always'
        ? status
        : { ...status, ready: status.state?.terminated?.exitCode === 0 }
    }),
    containers: pod.spec.containers.map(
      (container) => runners.get(container.name)?.status() ?? waitingStatus(container),
    ),
    failure,
    now: now(),
  })

  const publish = (): void => {
    unpublished = true
    publishing ??= publishAll().finally(() => {
      publishing = undefined
    })
  }

  const publishAll = async (): Promise<void> => {
    let failures = 0
    // Changes of one turn of the event loop belong to one write.
    await new Promise((resolve) => setImmediate(resolve))
    while (unpublished) {
      unpublished = false
      const status = podStatus(facts())
      if (isShown(status, pod.status)) continue
      try {
        adopt(
          await client.patch<Pod>({
            ...identity,
            subresource: 'status',
            body: { metadata: { uid }, status },
          }),
        )
        failures = 0
        tell(status)
      } catch (error) {
        if (isNotFound(error) || isApiError(error, 409)) return
        unpublished = true
        failures += 1
        logger.warn({ namespace, pod: name, error: String(error) }, 'cannot write pod status; will try again')
        if (ending?.reason === 'shut-down' && failures > 2) return
        await sleep(Math.min(50 * 2 ** failures, 5_000))
      }
    }
  }

  const tell = (status: PodStatus): void => {
    const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
    if (ready === wasReady) return
    wasReady = ready
    context.onPodEvent({ type: ready ? 'pod-ready' : 'pod-unready', namespace: namespace ?? '', pod: name })
  }

  const settle = async (): Promise<void> => {
    while (publishing !== undefined) await publishing
  }

  // --- running ------------------------------------------------------------------------------------------------------

  const run = async (): Promise<void> => {
    if (pod.metadata.deletionTimestamp !== undefined) return end('deleted')
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return
    startDeadline()
    const references = context.references.acquire({
      pod,
      onChange() {
        void refreshVolumes()
        wake()
      },
    })
    const tokens = requestPodTokens({ client, pod, logger, onChange: () => void refreshVolumes().then(wake) })
    try {
      await publishPorts()
      await Promise.all([references.synced, tokens.tried])
      volumes = createPodVolumes({ directory: join(directory, 'volumes'), place, references, tokens })
      if (await mountVolumes()) await runContainers(references)
      // Volumes stay current for as long as anything runs.
      await Promise.all([...runners.values()].map(({ finished }) => finished))
      publish()
    } finally {
      references.release()
      tokens.close()
      await volumes?.unmount(pod)
    }
  }

  const startDeadline = (): void => {
    const limit = pod.spec.activeDeadlineSeconds
    if (limit === undefined) return
    const left = Date.parse(startTime) + limit * 1000 - Date.now()
    deadline = setTimeout(
      () => {
        failure = {
          reason: 'DeadlineExceeded',
          message: 'Pod was active on the node longer than the specified deadline',
        }
        void end('deadline')
      },
      Math.max(0, left),
    )
  }

  const publishPorts = async (): Promise<void> => {
    ports = await context.ports.allocate(pod)
    if (ports.size === 0) return
    const text = JSON.stringify(Object.fromEntries(ports))
    for (let failures = 0; ending === undefined; failures += 1) {
      try {
        const body = { metadata: { uid, annotations: { [hostPortsAnnotation]: text } } }
        adopt(await client.patch<Pod>({ ...identity, body }))
        return
      } catch (error) {
        if (isNotFound(error) || isApiError(error, 409)) return
        await sleep(Math.min(50 * 2 ** failures, 5_000))
      }
    }
  }

  const refreshVolumes = async (): Promise<void> => {
    try {
      await volumes?.refresh(pod)
    } catch (error) {
      logger.warn({ namespace, pod: name, error: String(error) }, 'cannot update volumes')
    }
  }

  const mountVolumes = async (): Promise<boolean> => {
    let reported = ''
    publish()
    while (ending === undefined) {
      const changed = change.promise
      const state = await volumes?.refresh(pod)
      if (state === undefined || state.type === 'ready') return true
      if (state.message !== reported)
        event('Warning', state.reason, `MountVolume.SetUp failed: ${state.message}`)
      reported = state.message
      await changed
    }
    return false
  }

  const runContainers = async (references: ReturnType<ReferencedObjects['acquire']>): Promise<void> => {
    for (const container of pod.spec.initContainers ?? []) {
      if (ending !== undefined) return
      const isSidecar = container.restartPolicy === 'Always'
      const restartPolicy = isSidecar ? 'Always' : pod.spec.restartPolicy === 'Never' ? 'Never' : 'OnFailure'
      // The sandbox is new after a restart of the node agent, so all init containers run again.
      const runner = launch(container, restartPolicy, references, isSidecar)
      await (isSidecar ? runner.started : runner.finished)
      if (!isSidecar && runner.status().state?.terminated?.exitCode !== 0) return
    }
    if (ending !== undefined) return
    for (const container of pod.spec.containers) {
      launch(container, pod.spec.restartPolicy ?? 'Always', references, true)
    }
    const main = pod.spec.containers.flatMap(({ name: container }) => runners.get(container) ?? [])
    await Promise.all(main.map((runner) => runner.finished))
    const phase = podPhase(facts())
    if (phase === 'Succeeded' || phase === 'Failed') await stopAll(30_000, 'Stopping sidecar container')
  }

  const launch = (
    container: Container,
    restartPolicy: string,
    references: ReturnType<ReferencedObjects['acquire']>,
    inherits: boolean,
  ): ContainerRunner => {
    const path = `spec.containers{${container.name}}`
    const runner = runContainer({
      container,
      podName: `${name}_${namespace}(${uid})`,
      restartPolicy,
      previous: inherits ? before.get(container.name) : undefined,
      ports,
      host: context.host,
      backoff: context.backoff,
      image: () => resolveImage({ pod, container, images: context.images }),
      spec: ({ image }) =>
        processSpec({
          pod,
          container,
          image,
          place,
          ports,
          mounts: volumes?.mounts(container) ?? {},
          nodeEnv: context.nodeEnv(pod, directory),
          configMap: references.configMap,
          secret: references.secret,
        }),
      changed: () => change.promise,
      scratchDirectory: join(directory, 'containers', container.name),
      logFile: (restartCount) => logFile(container.name, restartCount),
      onStatus: publish,
      event: (type, reason, message) => {
        event(type, reason, message, path)
        context.onPodEvent({
          type: 'container-event',
          namespace: namespace ?? '',
          pod: name,
          container: container.name,
          reason,
          message,
        })
      },
    })
    runners.set(container.name, runner)
    publish()
    return runner
  }

  /** Of a pod that ended while an earlier agent ran: its logs are still there, its runners are not. */
  const lastLog = (container: string, previous: boolean): { readonly file: string } | undefined => {
    const runs = (before.get(container)?.restartCount ?? 0) - (previous ? 1 : 0)
    const file = logFile(container, runs)
    return existsSync(file) ? { file } : undefined
  }

  const logFile = (container: string, restartCount: number): string =>
    join(directory, 'logs', container, `${restartCount}.log`)

  // --- ending -------------------------------------------------------------------------------------------------------

  const stopAll = async (graceMilliseconds: number, reason: string): Promise<void> => {
    await Promise.all(
      [...runners.values()].map((runner) =>
        runner.stop({ graceMilliseconds, reason: `${reason} ${runner.name}` }),
      ),
    )
  }

  const grace = (): number =>
    (pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30) * 1000

  const end = (
    reason: 'deleted' | 'vanished' | 'shut-down' | 'deadline',
    longest = Number.POSITIVE_INFINITY,
  ): Promise<void> => {
    const earlier = ending?.done
    const work = async (): Promise<void> => {
      clearTimeout(deadline)
      wake()
      allowed = reason === 'vanished' ? 0 : Math.min(grace(), longest)
      await stopAll(allowed, 'Stopping container')
      await earlier
      await living
      if (reason === 'deadline' || reason === 'shut-down' || reason === 'deleted') publish()
      await settle()
      if (reason === 'deleted') await remove()
      if (reason === 'deleted' || reason === 'vanished') {
        context.ports.release(ports)
        await rm(directory, { recursive: true, force: true })
      }
    }
    // `ending` must be set before the first await in `work`: it is what stops new containers from being launched.
    const { promise: done, resolve } = Promise.withResolvers<void>()
    ending = { reason, done }
    void work()
      .catch((error: unknown) =>
        logger.error({ namespace, pod: name, error: String(error) }, 'cannot end pod'),
      )
      .finally(resolve)
    return Promise.resolve()
  }

  /** All containers have ended; now the API may forget the pod. */
  const remove = async (): Promise<void> => {
    for (let failures = 0; ; failures += 1) {
      try {
        await client.delete({ ...identity, gracePeriodSeconds: 0, uid })
        return
      } catch (error) {
        if (isApiError(error, 404, 409)) return
        if (failures > 20) throw error
        await sleep(Math.min(50 * 2 ** failures, 5_000))
      }
    }
  }

  const living = run().catch((error: unknown) => {
    logger.error({ namespace, pod: name, error: String(error) }, 'pod failed on this node')
    failure = { reason: 'NodeAgentError', message: String(error) }
    publish()
  })

  return {
    pod: () => pod,
    measured: () => ({
      pod,
      running: [...runners.values()].flatMap((runner) => {
        const processGroup = runner.processGroup()
        return processGroup === undefined ? [] : [{ name: runner.name, processGroup }]
      }),
    }),
    log({ container, previous }) {
      const runner = runners.get(container)
      const found = runner?.log(previous) ?? (runner === undefined ? lastLog(container, previous) : undefined)
      if (found !== undefined) return { type: 'found', log: found }
      if (previous) {
        const message = `previous terminated container "${container}" in pod "${name}" not found`
        return { type: 'absent', message }
      }
      const reason = runner?.status().state?.waiting?.reason ?? 'ContainerCreating'
      return {
        type: 'absent',
        message: `container "${container}" in pod "${name}" is waiting to start: ${reason}`,
      }
    },
    update(next) {
      const previous = pod
      adopt(next)
      if (next.metadata.deletionTimestamp !== undefined) {
        if (ending === undefined || ending.reason === 'deadline') void end('deleted')
        else if (grace() < allowed) {
          allowed = grace()
          for (const runner of runners.values()) runner.hurry(allowed)
        }
        return
      }
      if (!sameValue(next.metadata.annotations, previous.metadata.annotations)) {
        void refreshVolumes()
        wake()
      }
      // Conditions of others (readiness gates) may change what ours must say.
      if (runners.size > 0) publish()
    },
    async vanish() {
      if (ending?.reason === 'deleted') {
        for (const runner of runners.values()) runner.hurry(0)
        return ending.done
      }
      await end('vanished')
      await ending?.done
    },
    async shutDown(longest) {
      if (ending?.reason === 'deleted') {
        for (const runner of runners.values()) runner.hurry(longest)
        return ending.done
      }
      await end('shut-down', longest)
      await ending?.done
    },
  }
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z')
}

/** Is what we have to say already what the API shows? Absent and null are the same there. */
function isShown(status: PodStatus, shown: PodStatus | undefined): boolean {
  if (shown === undefined) return false
  const visible = Object.fromEntries(Object.keys(status).map((key) => [key, shown[key as keyof PodStatus]]))
  return sameValue(status, visible)
}
