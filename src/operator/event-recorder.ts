// Kubernetes Events: what happened, for people who look with kubectl. Reasons come from a closed list, a repetition
// raises the count of the Event that is there, and a lost Event never holds anything up.

import type { KubernetesObject } from '../api/resource.ts'
import { hashOf } from '../domain/workload/agent-names.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import { KubernetesApiError, type Resources } from '../ports/resources.ts'
import { kubernetesEvents } from './builtin-kinds.ts'
import { timestamp } from './conditions.ts'

export type EventReason =
  | 'RunStarted'
  | 'RunSucceeded'
  | 'RunFailed'
  | 'RunTimedOut'
  | 'RunCancelled'
  | 'RunReopened'
  | 'InvalidInput'
  | 'TopologyInvalid'
  | 'PolicyViolated'
  | 'PromptResolutionError'
  | 'WebhookTokenCreated'
  | 'PipelineFired'
  | 'PipelineRefused'
  | 'PipelineWaiting'
  | 'DeliveryDropped'
  | 'ScheduleMissed'
  | 'ChainTooLong'
  | 'ReconcileError'

export interface EventRecorder {
  record(event: {
    readonly about: KubernetesObject
    readonly type: 'Normal' | 'Warning'
    readonly reason: EventReason
    readonly message: string
  }): void
  /** Waits for what is under way. */
  close(): Promise<void>
}

/** Events are for people; what moves a run goes first. */
const writeAfterMs = 500

/** Longer messages are refused by the API server. */
const longestMessage = 1024

export const createEventRecorder = ({
  resources,
  clock,
  logger,
}: {
  readonly resources: Resources
  readonly clock: Clock
  readonly logger: Logger
}): EventRecorder => {
  const underWay = new Set<Promise<void>>()

  const write: (event: Parameters<EventRecorder['record']>[0]) => Promise<void> = async ({
    about,
    type,
    reason,
    message: whole,
  }) => {
    const { namespace = 'default', name, uid } = about.metadata
    const message = whole.slice(0, longestMessage)
    const at = timestamp(clock.now())
    const id = hashOf([uid, type, reason, message].join('\0')).slice(0, 16)
    const eventName = { namespace, name: `${name.slice(0, 230)}.${id}` }
    try {
      await resources.create(kubernetesEvents, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: eventName,
        involvedObject: {
          apiVersion: about.apiVersion,
          kind: about.kind,
          namespace,
          name,
          ...(uid === undefined ? {} : { uid }),
        },
        type,
        reason,
        message,
        source: { component: 'kubeswarm-operator' },
        reportingComponent: 'kubeswarm-operator',
        reportingInstance: 'kubeswarm-operator',
        count: 1,
        firstTimestamp: at,
        lastTimestamp: at,
      } as KubernetesObject)
    } catch (error) {
      if (!(error instanceof KubernetesApiError && error.status === 409)) throw error
      const known = await resources.get<KubernetesObject & { readonly count?: number }>(
        kubernetesEvents,
        eventName,
      )
      const count = (known?.count ?? 1) + 1
      await resources.patch(kubernetesEvents, eventName, { count, lastTimestamp: at })
    }
  }

  /** What waits to be written, with the way to stop its timer. */
  const waiting = new Map<Parameters<EventRecorder['record']>[0], () => void>()

  const begin = (event: Parameters<EventRecorder['record']>[0]): void => {
    waiting.delete(event)
    const writing = write(event).catch((error: unknown) =>
      logger.debug(
        { reason: event.reason, object: event.about.metadata.name, err: error },
        'event not recorded',
      ),
    )
    underWay.add(writing)
    void writing.finally(() => underWay.delete(writing))
  }

  return {
    record(event) {
      waiting.set(
        event,
        clock.after(writeAfterMs, () => begin(event)),
      )
    },
    async close() {
      for (const [event, stopTimer] of waiting) {
        stopTimer()
        begin(event)
      }
      await Promise.all(underWay)
    },
  }
}
