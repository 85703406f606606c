// The hub's HTTP application, put together from its routes. It listens to nothing by itself.

import { Hono } from 'hono'
import type { HubContext, HubEnv } from './context.ts'
import { createDoor } from './door.ts'
import { requestLog } from './middleware/request-log.ts'
import { refusedBy } from './refusal.ts'
import { auditRoutes } from './routes/audit.ts'
import { contentRoutes } from './routes/contents.ts'
import { deliveryRoutes } from './routes/deliveries.ts'
import { fireRoutes } from './routes/fire.ts'
import { healthRoutes } from './routes/health.ts'
import { journalRoutes } from './routes/journal.ts'
import { queueRoutes } from './routes/queue.ts'
import { resolveRoutes } from './routes/resolve.ts'
import { taskRoutes } from './routes/tasks.ts'
import type { ErrorReply } from './wire.ts'

export const createHubApp = (context: HubContext, door = createDoor(context)): Hono<HubEnv> => {
  const app = new Hono<HubEnv>()
  app.use(requestLog(context))
  app.route('/', healthRoutes(context))
  app.route('/', taskRoutes(context))
  app.route('/', contentRoutes(context))
  app.route('/', journalRoutes(context))
  app.route('/', auditRoutes(context))
  app.route('/', resolveRoutes(context))
  app.route('/', deliveryRoutes(context))
  app.route('/', queueRoutes(context))
  app.route('/', fireRoutes(context, door))

  app.notFound((c) =>
    c.json<ErrorReply>({ error: { code: 'NotFound', message: `no such path: ${c.req.path}` } }, 404),
  )
  app.onError((error, c) => {
    const requestId = c.get('requestId')
    const { status, reply, retryAfter } = refusedBy({ error, requestId })
    if (status === 500) context.logger.error({ err: error, requestId }, 'request failed')
    if (retryAfter !== undefined) c.header('retry-after', retryAfter)
    return c.json<ErrorReply>(reply, status)
  })
  return app
}
