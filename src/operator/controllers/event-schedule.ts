// The clock of a SwarmEvent of type cron: looks which slot is due, puts it into the inbox as any other delivery, and
// says when to look again. Two leaders may both do so: a slot is one delivery, whoever brings it.

import type { SwarmEvent, SwarmEventStatus } from '../../api/v1alpha1/index.ts'
import {
  decideSchedule,
  latestMemory,
  rfc3339,
  slotDelivery,
  type ScheduleDecision,
} from '../../domain/trigger/due-slot.ts'
import type { OperatorContext } from '../context.ts'
import type { Again } from '../reconcile/controller.ts'
import { acceptFiring } from './accept-firing.ts'

type ScheduleStatus = Pick<SwarmEventStatus, 'schedule' | 'scheduleFrom' | 'nextFireAt'>

export interface ScheduleKept {
  readonly status: ScheduleStatus
  readonly again?: Again
  /** The schedule cannot be read. */
  readonly invalid?: { readonly message: string; readonly remedy: string }
}

export interface ScheduleKeeper {
  keep(event: SwarmEvent): Promise<ScheduleKept>
  /** The event is gone. */
  forget(uid: string): void
}

/** The wall clock may be set, or the machine may sleep, and nothing tells of either. */
const longestRestMs = 300_000

type Memory = Extract<ScheduleDecision, { type: 'scheduled' }>['memory']

export const createScheduleKeeper = ({
  store,
  clock,
  events: recorder,
}: Pick<OperatorContext, 'store' | 'clock' | 'events'>): ScheduleKeeper => {
  // By uid: what was decided last, which the status in the cache may not show yet.
  const memories = new Map<string, Memory>()

  return {
    forget: (uid) => void memories.delete(uid),
    async keep(event) {
      const { cron, timeZone, startingDeadlineSeconds } = event.spec.source
      const { uid = '', creationTimestamp } = event.metadata
      if (cron === undefined || event.spec.suspended === true) {
        memories.delete(uid)
        return { status: {} }
      }
      const now = clock.now()
      const decision = decideSchedule({
        source: { cron, timeZone, startingDeadlineSeconds },
        memory: latestMemory(memories.get(uid), event.status ?? {}),
        createdAt: Date.parse(creationTimestamp ?? '') || now,
        isNew: event.status?.observedGeneration === undefined,
        now,
      })
      if (decision.type === 'invalid') return { status: {}, invalid: decision }
      const { due, missed, next, memory } = decision
      if (due !== undefined)
        await acceptFiring({
          store,
          clock,
          event,
          delivery: slotDelivery(due),
          trigger: { name: event.metadata.name, firedAt: rfc3339(due) },
        })
      if (missed !== undefined)
        recorder.record({
          about: event,
          type: 'Warning',
          reason: 'ScheduleMissed',
          message: `${rfc3339(missed)} was passed over: nobody looked within startingDeadlineSeconds (${startingDeadlineSeconds} s)`,
        })
      memories.set(uid, memory)
      return {
        status: { ...memory, ...(next === undefined ? {} : { nextFireAt: rfc3339(next) }) },
        ...(next === undefined
          ? {}
          : { again: { afterMs: Math.min(Math.max(next - now, 1), longestRestMs) } }),
      }
    },
  }
}
