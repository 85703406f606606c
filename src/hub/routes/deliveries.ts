// The latest deliveries of an event and what became of them, with the bodies of those that were not understood.

import { Hono } from 'hono'
import type { HubContext, HubEnv } from '../context.ts'
import { requireEventReader } from '../middleware/require-person.ts'
import { invalidInput } from '../refusal.ts'
import { paths, type DeliveriesReply } from '../wire.ts'
import { KubeswarmError } from '../../domain/error.ts'

const DEFAULT_LIMIT = 20
const MOST = 200

export const deliveryRoutes = (context: HubContext): Hono<HubEnv> => {
  const { store, events } = context
  const app = new Hono<HubEnv>()
  app.get(paths.deliveries, requireEventReader(context), async (c) => {
    const { namespace, event: name } = c.req.param()
    const event = await events.find({ namespace, event: name })
    if (event === undefined)
      throw new KubeswarmError({
        code: 'NotFound',
        message: `SwarmEvent ${namespace}/${name} does not exist, or is no webhook`,
        remedy: `kubectl -n ${namespace} get swarmevents`,
      })
    const limit = limitOf(c.req.query('limit'))
    const entries = await store.inbox.recent({ namespace, event: name, uid: event.uid, limit })
    return c.json<DeliveriesReply>({
      deliveries: entries.map(({ delivery, receivedAt, runs, subject, dropped }) => ({
        delivery,
        receivedAt,
        runs: dropped?.joins ?? runs.map((run) => run.name),
        ...(subject === undefined ? {} : { subject: subject.key }),
        ...(dropped === undefined ? {} : { dropped }),
      })),
    })
  })
  return app
}

const limitOf = (text: string | undefined): number => {
  if (text === undefined) return DEFAULT_LIMIT
  const limit = Number(text)
  if (!/^\d{1,4}$/.test(text) || limit < 1 || limit > MOST)
    throw invalidInput(`query parameter limit="${text.slice(0, 20)}" is not a number from 1 to ${MOST}`)
  return limit
}
