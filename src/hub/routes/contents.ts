// Texts by their hash, for agents: only what runs in which they have a task have written.

import { Hono } from 'hono'
import { KubeswarmError } from '../../domain/error.ts'
import type { HubContext, HubEnv } from '../context.ts'
import { requireAgent } from '../middleware/require-agent.ts'
import { paths } from '../wire.ts'

export const contentRoutes = (context: HubContext): Hono<HubEnv> => {
  const app = new Hono<HubEnv>()
  app.get(paths.content, requireAgent(context), async (c) => {
    const sha256 = c.req.param('sha256')
    const text = await context.store.journal.content(sha256, { agent: c.get('agent') })
    // The same answer for a text that is not there and one that is not theirs.
    if (text === undefined) throw new KubeswarmError({ code: 'NotFound', message: `no content "${sha256}"` })
    return c.text(text)
  })
  return app
}
