// Binds waiting pods to this node. There is one node, so there is nothing to weigh: a pod fits or it says why it does
// not (node selector, cordoned node, scheduling gates).

import { isApiError } from '../client/api-error.ts'
import { sameValue } from '../client/canonical-json.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import type { Informer } from '../client/informer.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { Condition, Node, Pod } from '../client/kubernetes-types.ts'
import type { Logger } from '../client/logger.ts'
import { kinds } from '../client/resource-kind.ts'
import { createWorkQueue } from '../client/work-queue.ts'

export type Fit =
  | { readonly type: 'fits' }
  | { readonly type: 'unschedulable'; readonly message: string }
  | { readonly type: 'gated' }

export function fits({ pod, node }: { readonly pod: Pod; readonly node: Node | undefined }): Fit {
  if ((pod.spec.schedulingGates ?? []).length > 0) return { type: 'gated' }
  if (node === undefined)
    return { type: 'unschedulable', message: '0/1 nodes are available: the node is not registered.' }
  if (node.spec?.unschedulable === true) {
    return { type: 'unschedulable', message: '0/1 nodes are available: 1 node(s) were unschedulable.' }
  }
  const labels = node.metadata.labels ?? {}
  const matches = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)
  return matches
    ? { type: 'fits' }
    : {
        type: 'unschedulable',
        message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
      }
}

export function startScheduler({
  client,
  nodeName,
  pods,
  nodes,
  events,
  logger,
}: {
  readonly client: KubeClient
  readonly nodeName: string
  /** Pods without a node. */
  readonly pods: Informer<Pod>
  /** This node alone. */
  readonly nodes: Informer<Node>
  readonly events: EventRecorder
  readonly logger: Logger
}): { close(): Promise<void> } {
  const bind = async (uid: string): Promise<void> => {
    const pod = pods.byUid(uid)
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || pod.spec.nodeName) return
    const { namespace, name } = pod.metadata
    const fit = fits({ pod, node: nodes.get({ name: nodeName }) })
    if (fit.type === 'gated') return
    if (fit.type === 'unschedulable') return refuse(pod, fit.message)
    try {
      await assign(pod)
    } catch (error) {
      // Bound by someone else, or gone.
      if (isApiError(error, 404, 409)) return
      throw error
    }
    const message = `Successfully assigned ${namespace}/${name} to ${nodeName}`
    events.record({ object: pod, kind: kinds.pods, type: 'Normal', reason: 'Scheduled', message })
  }

  const assign = async ({ metadata: { namespace, name, uid } }: Pod): Promise<void> => {
    try {
      const body = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid },
        target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
      }
      await client.create({ kind: kinds.pods, namespace, name, subresource: 'binding', body })
    } catch (error) {
      if (!isApiError(error, 404)) throw error
      // Either the pod is gone, which the patch will say too, or this server has no bindings.
      await client.patch({
        kind: kinds.pods,
        namespace,
        name,
        body: { metadata: { uid }, spec: { nodeName } },
      })
    }
  }

  const refuse = async (pod: Pod, message: string): Promise<void> => {
    const condition: Condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== condition.type)
    const known = pod.status?.conditions?.find(({ type }) => type === condition.type)
    if (known !== undefined && sameValue({ ...known, ...condition }, known)) return
    const { namespace, name, uid } = pod.metadata
    const status = { conditions: [...others, { ...condition, lastTransitionTime: new Date().toISOString() }] }
    await client.patch({
      kind: kinds.pods,
      namespace,
      name,
      subresource: 'status',
      body: { metadata: { uid }, status },
    })
    events.record({ object: pod, kind: kinds.pods, type: 'Warning', reason: 'FailedScheduling', message })
  }

  const queue = createWorkQueue({ name: 'scheduler', work: bind, logger })
  const stops = [
    pods.onChange(({ type, object }) => {
      if (type !== 'deleted') queue.add(object.metadata.uid)
    }),
    nodes.onChange(() => {
      for (const pod of pods.list()) queue.add(pod.metadata.uid)
    }),
  ]
  return {
    async close() {
      for (const stop of stops) stop()
      await queue.close()
    },
  }
}
