// One id and one log line per request. The line names the route's pattern, never the query or a token.

import { createMiddleware } from 'hono/factory'
import { routePath } from 'hono/route'
import type { HubContext, HubEnv } from '../context.ts'

const ACCEPTABLE_ID = /^[\w.:-]{1,128}$/

export const requestLog = ({ logger, clock, newId, metrics }: HubContext) =>
  createMiddleware<HubEnv>(async (c, next) => {
    const given = c.req.header('x-request-id')
    const requestId = given !== undefined && ACCEPTABLE_ID.test(given) ? given : newId()
    c.set('requestId', requestId)
    const start = clock.monotonic()
    await next()
    // Not `c.header`: on an answer that stands it makes a new one and pipes the old body through it.
    c.res.headers.set('x-request-id', requestId)
    const route = routePath(c, -1)
    const { status } = c.res
    metrics.requestEnded({ route, status })
    const fields = {
      requestId,
      method: c.req.method,
      route,
      status,
      durationMs: Math.round(clock.monotonic() - start),
    }
    if (status >= 500) logger.warn(fields, 'request')
    else logger.debug(fields, 'request')
  })
