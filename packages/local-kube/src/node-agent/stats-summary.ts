// The kubelet's /stats/summary: what each container of each pod uses, as far as this node can say.

import type { Pod } from '../client/kubernetes-types.ts'
import { usageOfGroups } from './resource-usage.ts'

export interface MeasuredPod {
  readonly pod: Pod
  /** Containers that run, with their process groups. */
  readonly running: readonly { readonly name: string; readonly processGroup: number }[]
}

export function statsSummary({
  nodeName,
  pods,
  now,
}: {
  readonly nodeName: string
  readonly pods: readonly MeasuredPod[]
  readonly now: number
}) {
  const time = new Date(now).toISOString()
  const usage = usageOfGroups(
    new Set(pods.flatMap(({ running }) => running.map(({ processGroup }) => processGroup))),
  )
  return {
    node: { nodeName },
    pods: pods.map(({ pod: { metadata }, running }) => ({
      podRef: { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid },
      containers: running.flatMap(({ name, processGroup }) => {
        const used = usage.get(processGroup)
        if (used === undefined) return []
        return [
          {
            name,
            cpu: { time, usageCoreNanoSeconds: used.cpuNanoseconds },
            memory: { time, workingSetBytes: used.memoryBytes, rssBytes: used.memoryBytes },
          },
        ]
      }),
    })),
  }
}
