// Liveness, readiness and figures.

import { Hono } from 'hono'
import type { HubContext, HubEnv } from '../context.ts'
import { paths } from '../wire.ts'

export const healthRoutes = ({ store, closing, metrics }: HubContext): Hono<HubEnv> => {
  const app = new Hono<HubEnv>()
  app.get(paths.healthz, (c) => c.text('ok\n'))
  // Not ready while it shuts down: new callers go elsewhere.
  app.get(paths.readyz, (c) => (closing.aborted ? c.text('shutting down\n', 503) : c.text('ok\n')))
  app.get('/metrics', async (c) => {
    c.header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
    return c.body(await metrics.render(store))
  })
  return app
}
