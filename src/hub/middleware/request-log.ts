// One id and one log line per request. The line names the route's pattern, never the query or a token.

import { createMiddleware } from 'hono/factory'
import { routePath } from 'hono/route'
import type { HubContext, HubEnv } from '../context.ts'

const ACCEPTABLE_ID = /^[\w.:-]{1,128}$/

export const requestLog = (context: HubContext) =>
  createMiddleware<HubEnv>(async (c, next) => {
    const requestId = requestIdOf({ given: c.req.header('x-request-id'), newId: context.newId })
    c.set('requestId', requestId)
    const start = context.clock.monotonic()
    await next()
    // Not `c.header`: on an answer that stands it makes a new one and pipes the old body through it.
    c.res.headers.set('x-request-id', requestId)
    logRequest({
      context,
      start,
      request: { requestId, method: c.req.method, route: routePath(c, -1), status: c.res.status },
    })
  })

export const requestIdOf = ({
  given,
  newId,
}: {
  readonly given: string | undefined
  readonly newId: () => string
}): string => (given !== undefined && ACCEPTABLE_ID.test(given) ? given : newId())

export const logRequest = ({
  context: { logger, clock, metrics },
  start,
  request,
}: {
  readonly context: Pick<HubContext, 'logger' | 'clock' | 'metrics'>
  /** On the monotonic clock. */
  readonly start: number
  readonly request: {
    readonly requestId: string
    readonly method: string
    readonly route: string
    readonly status: number
  }
}): void => {
  metrics.requestEnded(request)
  const fields = { ...request, durationMs: Math.round(clock.monotonic() - start) }
  if (request.status >= 500) logger.warn(fields, 'request')
  else logger.debug(fields, 'request')
}
