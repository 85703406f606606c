// What a Job needs next: pods to start or stop, or the verdict. Pure. Finished pods are counted as they stand in the
// API; a pod deleted before it was counted is run again.

import type { Condition, Job, JobStatus, Pod } from '../client/kubernetes-types.ts'
import { isActive, isReady } from './pod-state.ts'

export interface JobPlan {
  readonly create: number
  readonly remove: readonly Pod[]
  readonly status: JobStatus
  /** Milliseconds until this Job must be looked at again for its deadline, its backoff or its time to live. */
  readonly againIn?: number
  readonly isExpired: boolean
}

const firstBackoff = 10_000
const longestBackoff = 360_000

export function planJob({
  job,
  pods,
  at,
}: {
  readonly job: Job
  readonly pods: readonly Pod[]
  readonly at: number
}): JobPlan {
  const { spec, status: shown } = job
  const time = new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
  const active = pods.filter(isActive)
  const succeeded = pods.filter(({ status }) => status?.phase === 'Succeeded').length
  const failed = pods.filter(({ status }) => status?.phase === 'Failed')
  const finished = (shown?.conditions ?? []).find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )
  if (finished !== undefined) return afterwards(job, active, finished, at)

  const startTime = spec.suspend === true ? shown?.startTime : (shown?.startTime ?? time)
  const restarts = active
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .reduce((sum, { restartCount }) => sum + restartCount, 0)
  const counts = {
    active: active.length,
    ready: active.filter(isReady).length,
    succeeded,
    failed: failed.length,
  }
  const base = { ...counts, ...(startTime !== undefined && { startTime }) }
  const end = (type: 'Complete' | 'Failed', reason: string, message: string): JobPlan => ({
    create: 0,
    remove: active,
    isExpired: false,
    status: {
      ...base,
      active: 0,
      ready: 0,
      ...(type === 'Complete' && { completionTime: time }),
      conditions: [
        ...(shown?.conditions ?? []).filter((condition) => condition.type !== type),
        { type, status: 'True', reason, message, lastProbeTime: time, lastTransitionTime: time },
      ],
    },
  })

  const deadlineLeft =
    spec.activeDeadlineSeconds === undefined || startTime === undefined
      ? undefined
      : Date.parse(startTime) + spec.activeDeadlineSeconds * 1000 - at
  if (deadlineLeft !== undefined && deadlineLeft <= 0) {
    return end('Failed', 'DeadlineExceeded', 'Job was active longer than specified deadline')
  }
  const retries = spec.template.spec.restartPolicy === 'OnFailure' ? restarts + failed.length : failed.length
  if (retries > (spec.backoffLimit ?? 6)) {
    return end('Failed', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  }
  const done =
    spec.completions === undefined || spec.completions === null
      ? succeeded > 0 && active.length === 0
      : succeeded >= spec.completions
  if (done) return end('Complete', 'CompletionsReached', 'Reached expected number of succeeded pods')

  const conditions = withSuspended(shown?.conditions ?? [], spec.suspend === true, time)
  const status: JobStatus = { ...base, ...(conditions.length > 0 && { conditions }) }
  if (spec.suspend === true)
    return { create: 0, remove: active, status: { ...status, active: 0 }, isExpired: false }
  if (job.metadata.deletionTimestamp !== undefined) return { create: 0, remove: [], status, isExpired: false }

  const parallelism = spec.parallelism ?? 1
  const left =
    spec.completions === undefined
      ? succeeded > 0
        ? active.length
        : parallelism
      : spec.completions - succeeded
  const target = Math.min(parallelism, left)
  const wait = backoffLeft(failed, at)
  const missing = Math.max(0, target - active.length)
  const again = [deadlineLeft, ...(wait > 0 && missing > 0 ? [wait] : [])].filter(
    (value) => value !== undefined,
  )
  return {
    create: wait > 0 ? 0 : missing,
    remove: active.slice(target),
    status: { ...status, active: Math.min(active.length, target) + (wait > 0 ? 0 : missing) },
    isExpired: false,
    ...(again.length > 0 && { againIn: Math.min(...again) }),
  }
}

function afterwards(job: Job, active: readonly Pod[], finished: Condition, at: number): JobPlan {
  const status = job.status ?? {}
  const lifetime = job.spec.ttlSecondsAfterFinished
  if (lifetime === undefined) return { create: 0, remove: active, status, isExpired: false }
  const left = Date.parse(finished.lastTransitionTime ?? '') + lifetime * 1000 - at
  return left <= 0
    ? { create: 0, remove: active, status, isExpired: true }
    : { create: 0, remove: active, status, isExpired: false, againIn: left }
}

/** A failing pod is replaced with growing delay after its failure: 10 s, 20 s, … up to 6 min. */
function backoffLeft(failed: readonly Pod[], at: number): number {
  if (failed.length === 0) return 0
  const ends = failed
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''))
    .filter((time) => !Number.isNaN(time))
  if (ends.length === 0) return 0
  return Math.max(...ends) + Math.min(firstBackoff * 2 ** (failed.length - 1), longestBackoff) - at
}

function withSuspended(
  conditions: readonly Condition[],
  isSuspended: boolean,
  time: string,
): readonly Condition[] {
  const known = conditions.find(({ type }) => type === 'Suspended')
  if ((known?.status === 'True') === isSuspended) return conditions
  const condition: Condition = {
    type: 'Suspended',
    status: isSuspended ? 'True' : 'False',
    reason: isSuspended ? 'JobSuspended' : 'JobResumed',
    message: isSuspended ? 'Job suspended' : 'Job resumed',
    lastProbeTime: time,
    lastTransitionTime: time,
  }
  return [...conditions.filter(({ type }) => type !== 'Suspended'), condition]
}
