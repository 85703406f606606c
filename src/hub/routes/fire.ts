// The webhook inbox. Who cannot prove to be the event's sender learns nothing, not even whether the event exists; what
// is accepted is durable before it is answered, and the same delivery again gets the same answer.

import { Hono, type Context } from 'hono'
import { decideDelivery, schemeOf, type DecidedDelivery } from '../../domain/trigger/decide-delivery.ts'
import { signsBody } from '../../domain/trigger/signature.ts'
import type { WebhookEvent } from '../../ports/event-catalog.ts'
import type { InboxEntry } from '../../ports/inbox.ts'
import { answerAtEnd, streamProgress, wishOf, type Wish } from '../await-answer.ts'
import type { HubContext, HubEnv } from '../context.ts'
import type { Door } from '../door.ts'
import type { TriggerOutcome } from '../metrics.ts'
import { readBody } from '../read-body.ts'
import { createReadingRoom } from '../reading-room.ts'
import { HubRefusal, invalidInput, unproven } from '../refusal.ts'
import { paths, type FireReply } from '../wire.ts'

const WEBHOOK_BODY_LIMIT = 256 * 1024
const BODIES_ON_THEIR_WAY = 64 * 1024 * 1024
/** Senders that wait for a run hold a connection each. */
const MOST_WAITING = 256

export const fireRoutes = (context: HubContext, door: Door): Hono<HubEnv> => {
  const { store, clock, newId, metrics, logger } = context
  const room = createReadingRoom({ bytes: BODIES_ON_THEIR_WAY })
  let waiting = 0
  const app = new Hono<HubEnv>()

  app.post(paths.fire, async (c) => {
    const { namespace, event: name } = c.req.param()
    const request = c.req.raw
    const header = (each: string): string | undefined => request.headers.get(each) ?? undefined
    // The same for all, whether or not there is such an event: what is wrong with a body says nothing about it.
    const body = await read(request)
    const judgement = await door.enter({ namespace, event: name, header, body })
    if (judgement.type === 'refused') throw new HubRefusal(judgement.refusal)
    const { event } = judgement
    const wish = wishOf(new URL(request.url).searchParams)
    if (wish.mode !== 'async') checkWaiting({ event, wish, waiting })

    const now = clock.now()
    const decision = decideDelivery({ rules: event, header, body, now, newId })
    if (decision.type === 'challenge') return c.json({ challenge: decision.challenge })
    const { entry, duplicate } = await store.inbox.accept(entryOf({ event, decision, now }))
    const reply = replyOf({ entry, duplicate })
    metrics.triggerEnded(outcomeOf(reply))
    logger.info(
      { requestId: c.get('requestId'), namespace, event: name, ...reply },
      reply.dropped === undefined ? 'delivery accepted' : 'delivery dropped',
    )
    // Whoever only shows a token sees the answer and can correct it. A sender that signs is a service that gives up on
    // addresses that refuse; it is told yes, and the body is kept.
    if (entry.dropped?.reason === 'Quarantined' && !signsBody(schemeOf(event.webhook)))
      throw invalidInput(entry.dropped.message, entry.dropped.remedy)
    return answer({ c, entry, reply, wish })
  })

  // Other methods: to a stranger as silent as a wrong token.
  app.all(paths.fire, () => {
    throw new HubRefusal(unproven)
  })

  const read = async (request: Request): Promise<Buffer> => {
    const reading = room.enter()
    try {
      return await readBody({ request, limit: WEBHOOK_BODY_LIMIT, clock, reading })
    } catch (error) {
      if (error instanceof HubRefusal && error.status === 413) metrics.triggerEnded('too_large')
      throw error
    } finally {
      reading.leave()
    }
  }

  const answer = async ({
    c,
    entry,
    reply,
    wish: { mode, timeoutMs },
  }: {
    readonly c: Context<HubEnv>
    readonly entry: InboxEntry
    readonly reply: FireReply
    readonly wish: Wish
  }): Promise<Response> => {
    if (mode === 'async') return c.json<FireReply>(reply, 202)
    const gone = c.req.raw.signal
    const { namespace, event, uid, delivery } = entry
    const asked = {
      context,
      reply,
      promise: { namespace, event, uid, delivery, run: reply.run },
      timeoutMs,
      gone,
    }
    waiting += 1
    if (mode === 'sync') {
      try {
        const { status, reply: ending } = await answerAtEnd(asked)
        return c.json(ending, status)
      } finally {
        waiting -= 1
      }
    }
    c.header('content-type', 'text/event-stream; charset=utf-8')
    c.header('cache-control', 'no-store')
    return c.body(streamProgress({ ...asked, left: () => (waiting -= 1) }))
  }

  return app
}

const checkWaiting = ({
  event: { namespace, event, targets },
  wish: { mode },
  waiting,
}: {
  readonly event: WebhookEvent
  readonly wish: Wish
  readonly waiting: number
}): void => {
  if (targets.length !== 1)
    throw invalidInput(
      `mode=${mode} waits for one run, and SwarmEvent ${namespace}/${event} has ${targets.length} targets`,
      'send it without mode; nothing was started',
    )
  if (waiting >= MOST_WAITING)
    throw new HubRefusal({
      status: 503,
      code: 'HubUnavailable',
      message: `${waiting} senders wait for runs already; nothing was started`,
      remedy: 'send it without mode, or later',
      retryable: true,
      retryAfterMs: 5000,
    })
}

const entryOf = ({
  event: { namespace, event, uid },
  decision: { delivery, runs, subject, storm, dropped },
  now,
}: {
  readonly event: WebhookEvent
  readonly decision: DecidedDelivery
  readonly now: number
}): InboxEntry => ({
  namespace,
  event,
  uid,
  delivery,
  receivedAt: new Date(now).toISOString(),
  runs,
  ...(subject === undefined ? {} : { subject }),
  ...(storm === undefined ? {} : { storm }),
  ...(dropped === undefined ? {} : { dropped }),
})

const replyOf = ({
  entry: { runs, dropped },
  duplicate,
}: {
  readonly entry: InboxEntry
  readonly duplicate: boolean
}): FireReply => {
  const names = dropped?.joins ?? runs.map((run) => run.name)
  return {
    accepted: true,
    run: names[0] ?? '',
    runs: names,
    duplicate,
    ...(dropped === undefined ? {} : { dropped: { reason: dropped.reason, message: dropped.message } }),
  }
}

const outcomeOf = ({ duplicate, dropped }: FireReply): TriggerOutcome => {
  if (duplicate) return 'duplicate'
  if (dropped === undefined) return 'accepted'
  return dropped.reason === 'Quarantined' ? 'quarantined' : 'dropped'
}
