// A pod's status from the states of its containers: phase and conditions, as a kubelet computes them. Pure.

import type { Condition, ContainerStatus, Pod, PodStatus } from '../client/kubernetes-types.ts'

export interface PodFacts {
  readonly pod: Pod
  readonly ip: string
  readonly startTime: string
  readonly initContainers: readonly ContainerStatus[]
  readonly containers: readonly ContainerStatus[]
  /** Ended by the node, not by its containers. */
  readonly failure?: { readonly reason: string; readonly message: string } | undefined
  readonly now: string
}

export function podStatus(facts: PodFacts): PodStatus {
  const { pod, ip, startTime, initContainers, containers, failure } = facts
  const phase = failure === undefined ? podPhase(facts) : 'Failed'
  return {
    phase,
    conditions: conditions(facts, phase),
    message: failure?.message ?? null,
    reason: failure?.reason ?? null,
    hostIP: ip,
    hostIPs: [{ ip }],
    podIP: ip,
    podIPs: [{ ip }],
    startTime,
    qosClass: pod.status?.qosClass ?? 'BestEffort',
    ...(initContainers.length > 0 && { initContainerStatuses: initContainers }),
    containerStatuses: containers,
  }
}

const isSidecar = (pod: Pod, name: string): boolean =>
  pod.spec.initContainers?.find((container) => container.name === name)?.restartPolicy === 'Always'

function initialized({ pod, initContainers }: PodFacts): boolean {
  return initContainers.every(({ name, state, started }) =>
    isSidecar(pod, name) ? started === true : state?.terminated?.exitCode === 0,
  )
}

export function podPhase(facts: PodFacts): string {
  const { pod, initContainers, containers } = facts
  const restartPolicy = pod.spec.restartPolicy ?? 'Always'
  if (!initialized(facts) && containers.every(({ state }) => state?.waiting?.reason === 'PodInitializing')) {
    const failed = initContainers.some(
      ({ name, state }) => !isSidecar(pod, name) && (state?.terminated?.exitCode ?? 0) !== 0,
    )
    return failed && restartPolicy === 'Never' ? 'Failed' : 'Pending'
  }
  let running = 0
  let waiting = 0
  let stopped = 0
  let succeeded = 0
  for (const { state, lastState } of containers) {
    if (state?.running !== undefined) running += 1
    else if (state?.terminated !== undefined) {
      stopped += 1
      if (state.terminated.exitCode === 0) succeeded += 1
    } else if (lastState?.terminated !== undefined) stopped += 1
    else waiting += 1
  }
  if (waiting > 0) return 'Pending'
  if (running > 0) return 'Running'
  if (stopped === 0) return 'Pending'
  if (restartPolicy === 'Always') return 'Running'
  if (stopped === succeeded) return 'Succeeded'
  return restartPolicy === 'Never' ? 'Failed' : 'Running'
}

function conditions(facts: PodFacts, phase: string): readonly Condition[] {
  const { pod, containers, initContainers, now } = facts
  const previous = pod.status?.conditions ?? []
  const finished = phase === 'Succeeded' || phase === 'Failed'
  const completed = phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed'
  const unready = containers.filter(({ ready }) => !ready).map(({ name }) => name)
  const initDone = initialized(facts)
  const waitingInit = initContainers
    .filter(({ state }) => state?.terminated?.exitCode !== 0)
    .map(({ name }) => name)
  const gatesClosed = (pod.spec.readinessGates ?? []).filter(
    ({ conditionType }) => previous.find(({ type }) => type === conditionType)?.status !== 'True',
  )
  const containersReady = finished
    ? no(completed, '')
    : unready.length === 0
      ? yes
      : no('ContainersNotReady', `containers with unready status: [${unready.join(' ')}]`)
  const ready =
    containersReady.status === 'True' && gatesClosed.length > 0
      ? no(
          'ReadinessGatesNotReady',
          `corresponding condition of pod readiness gate "${gatesClosed[0]?.conditionType}" is not True`,
        )
      : containersReady
  const anyStarted = [...containers, ...initContainers].some(({ containerID }) => containerID !== undefined)
  const own: readonly (Omit<Condition, 'lastTransitionTime'> & { type: string })[] = [
    { type: 'PodReadyToStartContainers', ...(anyStarted && !finished ? yes : { status: 'False' }) },
    {
      type: 'Initialized',
      ...(initDone
        ? phase === 'Succeeded'
          ? { status: 'True', reason: 'PodCompleted' }
          : yes
        : no('ContainersNotInitialized', `containers with incomplete status: [${waitingInit.join(' ')}]`)),
    },
    { type: 'Ready', ...ready },
    { type: 'ContainersReady', ...containersReady },
    { type: 'PodScheduled', ...yes },
  ]
  const mine = new Set(own.map(({ type }) => type))
  return [
    ...own.map((condition) => {
      const known = previous.find(({ type }) => type === condition.type)
      const since = known?.status === condition.status ? known.lastTransitionTime : undefined
      return { ...condition, lastProbeTime: null, lastTransitionTime: since ?? now }
    }),
    ...previous.filter(({ type }) => !mine.has(type)),
  ]
}

const yes = { status: 'True' } as const
const no = (reason: string, message: string): { status: string; reason: string; message?: string } => ({
  status: 'False',
  reason,
  ...(message !== '' && { message }),
})
