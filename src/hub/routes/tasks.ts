// The agents' paths: lease a task, tell what happens to it, end it. Each parses, asks `agent-tasks.ts`, and answers.

import { Hono } from 'hono'
import { createAgentTasks } from '../agent-tasks.ts'
import type { HubContext, HubEnv } from '../context.ts'
import { untilEither } from '../either-signal.ts'
import { requireAgent } from '../middleware/require-agent.ts'
import {
  parseFinish,
  parseHeartbeat,
  parseLease,
  parseProof,
  parseRecord,
  parseReserve,
} from '../parse-request.ts'
import { paths, type LeaseReply, type ReserveReply, type StandingReply } from '../wire.ts'

/** Shorter than the idle limits of common proxies. */
const LONGEST_WAIT_MS = 55_000
/** Shorter than any lease: the answer carries how long the lease runs. */
const LONGEST_BEAT_WAIT_MS = 1000

export const taskRoutes = (context: HubContext): Hono<HubEnv> => {
  const { clock, closing } = context
  const tasks = createAgentTasks(context)
  const app = new Hono<HubEnv>()
  app.use('/v1/tasks/*', requireAgent(context))

  app.post(paths.lease, async (c) => {
    const { holder, waitMs } = await parseLease({ request: c.req.raw, clock })
    using gone = untilEither(c.req.raw.signal, closing)
    const lease = await tasks.lease({
      agent: c.get('agent'),
      holder,
      waitMs: Math.min(waitMs, LONGEST_WAIT_MS),
      signal: gone.signal,
    })
    return lease === undefined ? c.body(null, 204) : c.json<LeaseReply>(lease)
  })

  app.post(paths.heartbeat, async (c) => {
    const { waitMs = 0, ...proof } = await parseHeartbeat({ request: c.req.raw, clock })
    using gone = untilEither(c.req.raw.signal, closing)
    const standing = await tasks.heartbeat({
      agent: c.get('agent'),
      ...proof,
      waitMs: Math.min(waitMs, LONGEST_BEAT_WAIT_MS),
      signal: gone.signal,
    })
    return c.json<StandingReply>(standing)
  })

  app.post(paths.record, async (c) => {
    const request = await parseRecord({ request: c.req.raw, clock })
    return c.json<StandingReply>(await tasks.record({ agent: c.get('agent'), ...request }))
  })

  app.post(paths.reserve, async (c) => {
    const request = await parseReserve({ request: c.req.raw, clock })
    return c.json<ReserveReply>(await tasks.reserve({ agent: c.get('agent'), ...request }))
  })

  app.post(paths.finish, async (c) => {
    const request = await parseFinish({ request: c.req.raw, clock })
    await tasks.finish({ agent: c.get('agent'), ...request })
    return c.body(null, 204)
  })

  app.post(paths.release, async (c) => {
    const proof = await parseProof({ request: c.req.raw, clock })
    await tasks.release({ agent: c.get('agent'), ...proof })
    return c.body(null, 204)
  })

  return app
}
