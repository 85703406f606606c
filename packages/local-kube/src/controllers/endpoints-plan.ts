// Where a Service's traffic can go, from the pods it selects. Pure. Pods on a local-kube node carry the real port of
// each containerPort in an annotation; pods of any other node are reached at their own ports.

import { createHash } from 'node:crypto'
import type {
  EndpointAddress,
  EndpointSlice,
  EndpointSubset,
  Pod,
  Service,
  ServicePort,
} from '../client/kubernetes-types.ts'
import { isReady } from './pod-state.ts'

export const hostPortsAnnotation = 'local-kube.dev/host-ports'

interface Target {
  readonly pod: Pod
  readonly ip: string
  readonly ready: boolean
  readonly terminating: boolean
  readonly ports: readonly { readonly name?: string; readonly port: number; readonly protocol: string }[]
}

export interface EndpointsPlan {
  readonly subsets: readonly EndpointSubset[]
  readonly slices: readonly {
    readonly name: string
    readonly ports: NonNullable<EndpointSlice['ports']>
    readonly endpoints: NonNullable<EndpointSlice['endpoints']>
  }[]
}

export function planEndpoints({
  service,
  pods,
}: {
  readonly service: Service
  readonly pods: readonly Pod[]
}): EndpointsPlan {
  const byPorts = new Map<string, Target[]>()
  for (const pod of pods.toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1))) {
    const target = targetOf(service, pod)
    if (target === undefined) continue
    const key = JSON.stringify(target.ports)
    byPorts.set(key, [...(byPorts.get(key) ?? []), target])
  }
  const groups = [...byPorts.entries()].sort(([left], [right]) => (left < right ? -1 : 1))
  return {
    subsets: groups.flatMap(([, targets]) => subset(targets)),
    slices: groups.map(([key, targets]) => ({
      name: `${service.metadata.name}-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`,
      ports: targets[0]?.ports ?? [],
      endpoints: targets.map(({ pod, ip, ready, terminating }) => ({
        addresses: [ip],
        conditions: { ready: ready && !terminating, serving: ready, terminating },
        targetRef: reference(pod),
        ...(pod.spec.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
      })),
    })),
  }
}

function targetOf(service: Service, pod: Pod): Target | undefined {
  const ip = pod.status?.podIP
  const phase = pod.status?.phase
  if (ip === undefined || phase === 'Succeeded' || phase === 'Failed') return undefined
  const hostPorts = hostPortsOf(pod)
  const ports = (service.spec.ports ?? []).flatMap((servicePort) => {
    const port = containerPortOf(servicePort, pod)
    if (port === undefined) return []
    return [
      {
        ...(servicePort.name !== undefined && { name: servicePort.name }),
        port: hostPorts[String(port)] ?? port,
        protocol: servicePort.protocol ?? 'TCP',
      },
    ]
  })
  return {
    pod,
    ip,
    ready: service.spec.publishNotReadyAddresses === true || isReady(pod),
    terminating: pod.metadata.deletionTimestamp !== undefined,
    ports,
  }
}

function containerPortOf({ port, targetPort }: ServicePort, pod: Pod): number | undefined {
  const wanted = targetPort === undefined || targetPort === 0 ? port : targetPort
  if (typeof wanted === 'number') return wanted
  return pod.spec.containers.flatMap((container) => container.ports ?? []).find(({ name }) => name === wanted)
    ?.containerPort
}

function hostPortsOf({ metadata }: Pod): Readonly<Record<string, number>> {
  try {
    const value: unknown = JSON.parse(metadata.annotations?.[hostPortsAnnotation] ?? '{}')
    return typeof value === 'object' && value !== null ? (value as Record<string, number>) : {}
  } catch {
    return {}
  }
}

function subset(targets: readonly Target[]): readonly EndpointSubset[] {
  const present = targets.filter(({ terminating }) => !terminating)
  const address = ({ pod, ip }: Target): EndpointAddress => ({
    ip,
    targetRef: reference(pod),
    ...(pod.spec.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
  })
  const addresses = present.filter(({ ready }) => ready).map(address)
  const notReadyAddresses = present.filter(({ ready }) => !ready).map(address)
  if (present.length === 0) return []
  return [
    {
      ...(addresses.length > 0 && { addresses }),
      ...(notReadyAddresses.length > 0 && { notReadyAddresses }),
      ports: present[0]?.ports ?? [],
    },
  ]
}

function reference({ metadata }: Pod) {
  const { namespace, name, uid } = metadata
  return { kind: 'Pod', name, uid, ...(namespace !== undefined && { namespace }) }
}
