// Stands in front of the hub's application and answers what the inbox would refuse anyway: who floods an event, or has
// nothing to show, costs a fraction of a delivery. It decides nothing by itself (the door does), answers byte for byte
// what the application would, and lets pass whatever it has not seen whole.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { HeaderReader } from '../domain/trigger/signature.ts'
import type { HubContext } from './context.ts'
import type { Door } from './door.ts'
import { logRequest, requestIdOf } from './middleware/request-log.ts'
import { refusedWith, type Refusal } from './refusal.ts'
import { paths } from './wire.ts'

/** Names as Kubernetes has them; a path that is spelled in another way is left to the application. */
const FIRE = /^\/triggers\/(?<namespace>[a-z\d][a-z\d.-]*)\/(?<event>[a-z\d][a-z\d.-]*)\/fire(?:\?|$)/
/** What Node reads of a connection at once. */
const MOST_AT_ONCE = 64 * 1024

/** A body that was read before the application asked for it, where its server looks for one. */
type Read = IncomingMessage & { rawBody?: Buffer }

export const refuseEarly =
  ({
    context,
    door,
    application,
  }: {
    readonly context: Pick<HubContext, 'logger' | 'clock' | 'metrics' | 'newId'>
    readonly door: Door
    readonly application: (incoming: IncomingMessage, outgoing: ServerResponse) => unknown
  }): RequestListener =>
  (incoming, outgoing) => {
    const target = incoming.method === 'POST' ? FIRE.exec(incoming.url ?? '')?.groups : undefined
    const length = Number(incoming.headers['content-length'] ?? Number.NaN)
    if (target === undefined || !isPlain(incoming) || !(length <= MOST_AT_ONCE)) {
      application(incoming, outgoing)
      return
    }
    const start = context.clock.monotonic()
    // What came together with the head has been taken in by then.
    process.nextTick(() => {
      if (incoming.readableLength !== length) {
        application(incoming, outgoing)
        return
      }
      const body = (incoming.read() as Buffer | null) ?? Buffer.alloc(0)
      // Its end is still to come, and waits to be taken.
      incoming.resume()
      const { namespace = '', event = '' } = target
      const delivery = { namespace, event, header: headerOf(incoming), body }
      // Where the events cannot be asked the application meets the same fault, and says so.
      const refused = door.refuse(delivery).catch(() => undefined)
      void refused.then((refusal) => {
        if (refusal !== undefined) {
          answer({ context, start, incoming, outgoing, refusal })
          return
        }
        ;(incoming as Read).rawBody = body
        application(incoming, outgoing)
      })
    })
  }

const isPlain = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] === undefined &&
  (headers['content-encoding'] === undefined || headers['content-encoding'] === 'identity')

const headerOf =
  ({ headers }: IncomingMessage): HeaderReader =>
  (name) => {
    const value = headers[name]
    return typeof value === 'string' ? value : undefined
  }

const answer = ({
  context,
  start,
  incoming,
  outgoing,
  refusal,
}: {
  readonly context: Pick<HubContext, 'logger' | 'clock' | 'metrics' | 'newId'>
  readonly start: number
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly refusal: Refusal
}): void => {
  const requestId = requestIdOf({ given: headerOf(incoming)('x-request-id'), newId: context.newId })
  const { status, reply, retryAfter } = refusedWith(refusal)
  const text = JSON.stringify(reply)
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    'x-request-id': requestId,
  })
  outgoing.end(text)
  logRequest({ context, start, request: { requestId, method: 'POST', route: paths.fire, status } })
}
