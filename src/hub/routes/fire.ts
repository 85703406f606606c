// The webhook inbox. Who cannot show the event's token learns nothing, not even whether the event exists; what is
// accepted is durable before it is answered, and the same delivery again gets the same answer.

import { Hono } from 'hono'
import { isKubeswarmError } from '../../domain/error.ts'
import { parseJson } from '../../domain/template/value.ts'
import { runsOfDelivery } from '../../domain/trigger/runs-of-delivery.ts'
import type { WebhookEvent } from '../../ports/event-catalog.ts'
import type { HubContext, HubEnv } from '../context.ts'
import { deliveryId } from '../delivery-id.ts'
import { bearerToken } from '../middleware/bearer-token.ts'
import { decodeText, readBody } from '../read-body.ts'
import { createRateLimit } from '../rate-limit.ts'
import { HubRefusal, invalidInput, unauthorized } from '../refusal.ts'
import { sameToken } from '../same-token.ts'
import { paths, type FireReply } from '../wire.ts'

const WEBHOOK_BODY_LIMIT = 256 * 1024
/** Of one event, so that a flood of one leaves the others alone. An alert storm fits in the burst. */
const PER_SECOND = 200
const BURST = 2000

export const fireRoutes = (context: HubContext): Hono<HubEnv> => {
  const { store, events, clock, newId, metrics, logger } = context
  const limit = createRateLimit({ clock, perSecond: PER_SECOND, burst: BURST })
  const app = new Hono<HubEnv>()

  app.post(paths.fire, async (c) => {
    const { namespace, event: name } = c.req.param()
    const event = await authenticated({ events, namespace, name, request: c.req.raw })
    if (event === undefined) {
      metrics.triggerEnded('unauthorized')
      throw unauthorized()
    }
    // Strangers are not counted: a bucket they could empty would let them shut out the sender.
    const retryAfterMs = limit.take(event.uid)
    if (retryAfterMs > 0) {
      metrics.triggerEnded('rate_limited')
      throw tooMany({ namespace, name, retryAfterMs })
    }
    try {
      const receivedAt = new Date(clock.now()).toISOString()
      const body = bodyOf(await readBody({ request: c.req.raw, limit: WEBHOOK_BODY_LIMIT, clock }))
      const delivery = deliveryId({ headers: c.req.raw.headers, newId })
      const runs = runsOfDelivery({
        targets: event.targets,
        firing: {
          namespace,
          event: name,
          uid: event.uid,
          delivery,
          trigger: { body, name, firedAt: receivedAt },
        },
      })
      const { entry, duplicate } = await store.inbox.accept({
        delivery,
        namespace,
        event: name,
        receivedAt,
        runs,
      })
      metrics.triggerEnded(duplicate ? 'duplicate' : 'accepted')
      const names = entry.runs.map((run) => run.name)
      logger.info(
        { requestId: c.get('requestId'), namespace, event: name, runs: names, duplicate },
        'delivery accepted',
      )
      return c.json<FireReply>({ accepted: true, run: names[0] ?? '', runs: names, duplicate }, 202)
    } catch (error) {
      if (error instanceof HubRefusal && error.status === 413) metrics.triggerEnded('too_large')
      else if (isKubeswarmError(error) && (error.code === 'InvalidInput' || error.code === 'TemplateError')) {
        metrics.triggerEnded('invalid')
      }
      throw error
    }
  })

  // Other methods: to a stranger as silent as a wrong token.
  app.all(paths.fire, () => {
    throw unauthorized()
  })

  return app
}

const tooMany = ({
  namespace,
  name,
  retryAfterMs,
}: {
  readonly namespace: string
  readonly name: string
  readonly retryAfterMs: number
}): HubRefusal =>
  new HubRefusal({
    status: 429,
    code: 'HubUnavailable',
    message: `SwarmEvent ${namespace}/${name} gets more than ${PER_SECOND} deliveries a second`,
    remedy: 'send it again after the time in Retry-After',
    retryable: true,
    retryAfterMs,
  })

/** The event, when the request shows its token and it is not suspended. The work is the same in every other case. */
const authenticated = async ({
  events,
  namespace,
  name,
  request,
}: {
  readonly events: HubContext['events']
  readonly namespace: string
  readonly name: string
  readonly request: Request
}): Promise<WebhookEvent | undefined> => {
  const event = await events.find({ namespace, event: name })
  const same = sameToken({ given: bearerToken(request), expected: event?.token })
  return same && event?.suspended === false ? event : undefined
}

/** An empty body is an event without data. */
const bodyOf = (body: Buffer): unknown => {
  const text = decodeText(body)
  if (text.trim() === '') return {}
  try {
    return parseJson(text)
  } catch (error) {
    throw invalidInput(
      `the body is not JSON: ${(error as Error).message.slice(0, 200)}`,
      'send a JSON document',
    )
  }
}
