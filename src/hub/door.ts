// Who may deliver to an event, and whether it may just now: the one judgement that the inbox and the refusal of a flood
// share. Nobody is counted who has not proven to be a sender: a bucket that strangers could empty would let them shut
// out the sender.

import { schemeOf } from '../domain/trigger/decide-delivery.ts'
import { isProven, type HeaderReader } from '../domain/trigger/signature.ts'
import type { WebhookEvent } from '../ports/event-catalog.ts'
import type { HubContext } from './context.ts'
import { createRateLimit } from './rate-limit.ts'
import { unproven, type Refusal } from './refusal.ts'

/** Of one event, so that a flood of one leaves the others alone. An alert storm fits in the burst. */
const PER_SECOND = 200
const BURST = 2000

interface Delivery {
  readonly namespace: string
  readonly event: string
  readonly header: HeaderReader
  readonly body: Buffer
}

type Judgement =
  | { readonly type: 'sender'; readonly event: WebhookEvent }
  | { readonly type: 'refused'; readonly refusal: Refusal }

export interface Door {
  /** Counts whom it lets in, and whom it refuses. */
  enter(delivery: Delivery): Promise<Judgement>
  /** Lets nobody in: what `enter` would refuse is refused and counted already, everything else not touched. */
  refuse(delivery: Delivery): Promise<Refusal | undefined>
}

export const createDoor = ({
  events,
  clock,
  metrics,
}: Pick<HubContext, 'events' | 'clock' | 'metrics'>): Door => {
  const limit = createRateLimit({ clock, perSecond: PER_SECOND, burst: BURST })
  const judge = async (
    { namespace, event: name, header, body }: Delivery,
    waitOf: (uid: string) => number,
  ): Promise<Judgement> => {
    const event = await events.find({ namespace, event: name })
    if (event === undefined || !isSender({ event, header, body, now: clock.now() })) {
      if (event === undefined) isProven({ ...decoy, header, body, now: clock.now() })
      metrics.triggerEnded('unauthorized')
      return { type: 'refused', refusal: unproven }
    }
    const retryAfterMs = waitOf(event.uid)
    if (retryAfterMs === 0) return { type: 'sender', event }
    metrics.triggerEnded('rate_limited')
    return { type: 'refused', refusal: tooMany({ event, retryAfterMs }) }
  }
  return {
    enter: (delivery) => judge(delivery, (uid) => limit.take(uid)),
    async refuse(delivery) {
      const judgement = await judge(delivery, (uid) => limit.wait(uid))
      return judgement.type === 'refused' ? judgement.refusal : undefined
    },
  }
}

/** Work for nothing, as much as for an event that exists. */
const decoy = { scheme: 'pagerduty', secrets: [] } as const

const isSender = ({
  event,
  header,
  body,
  now,
}: {
  readonly event: WebhookEvent
  readonly header: HeaderReader
  readonly body: Buffer
  readonly now: number
}): boolean => {
  const proven = isProven({ scheme: schemeOf(event.webhook), secrets: event.secrets, header, body, now })
  return proven && !event.suspended
}

const tooMany = ({
  event: { namespace, event },
  retryAfterMs,
}: {
  readonly event: WebhookEvent
  readonly retryAfterMs: number
}): Refusal => ({
  status: 429,
  code: 'HubUnavailable',
  message: `SwarmEvent ${namespace}/${event} gets more than ${PER_SECOND} deliveries a second`,
  remedy: 'send it again after the time in Retry-After',
  retryable: true,
  retryAfterMs,
})
