// One write of a run's status, over exactly the version it was made for. Two operators may be alive for a while (a
// leader that was stopped and goes on); whoever comes too late must not paint an older picture over a newer one.

import { swarmRuns, type SwarmRun, type SwarmRunStatus } from '../../api/v1alpha1/index.ts'
import type { RunKey } from '../../domain/journal/record.ts'
import { KubernetesApiError, type Resources } from '../../ports/resources.ts'
import { isEmpty, mergePatch } from '../merge-patch.ts'

/** Brings the object from `before` to `status`. */
type StatusWrite = (status: SwarmRunStatus, before: SwarmRunStatus | undefined) => Promise<void>

export const createStatusWrite = ({
  resources,
  run: { uid, ...name },
  version: first,
  overtaken,
}: {
  readonly resources: Resources
  readonly run: RunKey
  /** Of the object whose status the first write starts from. */
  readonly version: string | undefined
  /** Somebody else has told of the run: what is there now, or undefined when the run is gone. */
  readonly overtaken: (current: SwarmRun | undefined) => void
}): StatusWrite => {
  let version = first
  return async (status, before) => {
    const patch = mergePatch(before, status)
    if (isEmpty(patch)) return
    for (;;) {
      try {
        const written = await resources.patchStatus<SwarmRun>(swarmRuns, name, patch, {
          resourceVersion: version,
        })
        version = written.metadata.resourceVersion
        return
      } catch (error) {
        if (!(error instanceof KubernetesApiError) || error.status !== 409) throw error
        const found = await resources.get<SwarmRun>(swarmRuns, name)
        const current = found?.metadata.uid === uid ? found : undefined
        // Only its spec or metadata changed: the same status still follows.
        if (current === undefined || !isSame(before, current.status)) return overtaken(current)
        if (current.metadata.resourceVersion === version) throw error
        version = current.metadata.resourceVersion
      }
    }
  }
}

const isSame = (one: SwarmRunStatus = {}, other: SwarmRunStatus = {}): boolean =>
  isEmpty(mergePatch(one, other)) && isEmpty(mergePatch(other, one))
