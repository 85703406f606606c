// How many tasks wait for an agent and for how long, for people who wonder why nothing happens.

import { Hono } from 'hono'
import type { HubContext, HubEnv } from '../context.ts'
import { requireAgentReader } from '../middleware/require-person.ts'
import { paths, type QueueReply } from '../wire.ts'

export const queueRoutes = (context: HubContext): Hono<HubEnv> => {
  const app = new Hono<HubEnv>()
  app.get(paths.queue, requireAgentReader(context), async (c) => {
    const { namespace, name } = c.req.param()
    return c.json<QueueReply>(await context.store.tasks.depth({ namespace, name }))
  })
  return app
}
