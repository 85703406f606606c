// What an event's status and its Kubernetes Events say of its deliveries. The status is the memory: what it has counted
// already is not told again, not even by another operator.

import type { SwarmEvent, SwarmEventStatus } from '../../api/v1alpha1/index.ts'
import type { DropReason } from '../../domain/trigger/weigh.ts'
import type { EventCounts } from '../../ports/inbox.ts'
import type { ConditionNow } from '../conditions.ts'
import type { EventRecorder } from '../event-recorder.ts'

export const countsInStatus = ({
  fired,
  lastFiredAt,
  lastRun,
  dropped,
  waiting,
  waitingSince,
}: EventCounts): Partial<SwarmEventStatus> => ({
  firedCount: fired,
  ...(lastFiredAt === undefined ? {} : { lastFiredAt }),
  ...(lastRun === undefined ? {} : { lastRunName: lastRun }),
  ...(dropped.length === 0
    ? {}
    : {
        droppedCount: dropped.reduce((sum, { count }) => sum + count, 0),
        drops: dropped.map(({ reason, count, lastAt, lastMessage: message }) => ({
          reason,
          count,
          lastAt,
          message: message.slice(0, LONGEST_MESSAGE),
        })),
      }),
  ...(waiting === 0
    ? {}
    : { waitingCount: waiting, ...(waitingSince === undefined ? {} : { waitingSince }) }),
})

const LONGEST_MESSAGE = 512

/** Whether the latest delivery was understood; only of events that once got one that was not. */
export const understood = ({
  counts: { dropped, lastReceivedAt },
  event: { metadata },
}: {
  readonly counts: EventCounts
  readonly event: SwarmEvent
}): Omit<ConditionNow, 'observedGeneration'> | undefined => {
  const quarantined = dropped.find(({ reason }) => reason === 'Quarantined')
  if (quarantined === undefined) return undefined
  const { namespace = 'default', name } = metadata
  const { lastAt, lastMessage, count } = quarantined
  if (lastReceivedAt !== lastAt)
    return {
      type: 'DeliveriesUnderstood',
      status: 'True',
      reason: 'Understood',
      message: `deliveries since ${lastAt} were understood; ${count} before were not`,
    }
  return {
    type: 'DeliveriesUnderstood',
    status: 'False',
    reason: 'Quarantined',
    message: `${count === 1 ? 'a delivery was' : `${count} deliveries were`} not understood and kept, the latest at ${lastAt}: ${lastMessage.slice(0, LONGEST_MESSAGE)}; swarm event deliveries ${name} -n ${namespace}`,
  }
}

/** What people should look at; the rest is the daily business of a filter. */
const warnings: ReadonlySet<DropReason> = new Set(['LoopBroken', 'Quarantined', 'Refused', 'TooOld'])

/** Tells what was dropped since the status was written. */
export const announceDrops = ({
  counts: { dropped },
  event,
  recorder,
}: {
  readonly counts: EventCounts
  readonly event: SwarmEvent
  readonly recorder: EventRecorder
}): void => {
  for (const { reason, count, lastMessage } of dropped) {
    const before = event.status?.drops?.find((drop) => drop.reason === reason)?.count ?? 0
    if (count <= before) continue
    const many = count - before
    recorder.record({
      about: event,
      type: warnings.has(reason) ? 'Warning' : 'Normal',
      reason: 'DeliveryDropped',
      message: `${reason}: ${many === 1 ? '' : `${many} times; `}${lastMessage}`,
    })
  }
}
