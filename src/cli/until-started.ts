// Waits until a promised run is there: it is created a moment after the promise, later where others must end first.

import type { SwarmRun } from '../api/v1alpha1/index.ts'
import { runType } from './kinds.ts'
import type { Cluster } from './session/cluster.ts'

export const untilStarted = async ({
  cluster: { connection, namespace },
  run,
}: {
  readonly cluster: Cluster
  readonly run: string
}): Promise<void> => {
  const { items, resourceVersion } = await connection.list<SwarmRun>(runType, { namespace })
  if (items.some(({ metadata }) => metadata.name === run)) return
  const stop = new AbortController()
  try {
    for await (const event of connection.watch<SwarmRun>(runType, {
      namespace,
      resourceVersion,
      signal: stop.signal,
    }))
      if (event.type !== 'BOOKMARK' && event.object.metadata.name === run) return
  } finally {
    stop.abort()
  }
}
