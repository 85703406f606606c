// Questions over many runs: who did what, and is the record of it whole.

import { Hono, type Context } from 'hono'
import { auditStatuses, type AuditFilter } from '../../domain/journal/audit.ts'
import { collectAudit, selectRuns, type RunSelection } from '../collect-audit.ts'
import type { HubContext, HubEnv } from '../context.ts'
import { requireLister } from '../middleware/require-person.ts'
import { invalidInput } from '../refusal.ts'
import { paths, type Verification } from '../wire.ts'

const DEFAULT_LIMIT = 500
const HIGHEST_LIMIT = 10_000

export const auditRoutes = (context: HubContext): Hono<HubEnv> => {
  const { journal } = context.store
  const app = new Hono<HubEnv>()

  for (const path of [paths.audit, paths.auditOfAll])
    app.get(path, requireLister(context), async (c) => {
      const entries = await collectAudit({
        journal,
        selection: selectionOf(c),
        filter: filterOf(c),
        limit: limitOf(c.req.query('limit')),
        signal: c.req.raw.signal,
      })
      return ndjson(c, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
    })

  for (const path of [paths.verification, paths.verificationOfAll])
    app.get(path, requireLister(context), (c) => {
      const runs = selectRuns(journal, selectionOf(c))
      const encoder = new TextEncoder()
      const lines = new ReadableStream<Uint8Array>({
        pull: async (controller) => {
          const { done, value: run } = await runs.next()
          if (done === true) {
            controller.close()
            return
          }
          const result = await journal.verify({ run: run.uid })
          const { namespace, name, uid } = run
          const verification: Verification = { namespace, run: name, uid, result }
          controller.enqueue(encoder.encode(`${JSON.stringify(verification)}\n`))
        },
        cancel: async () => {
          await runs.return(undefined)
        },
      })
      return ndjson(c, lines)
    })

  return app
}

const ndjson = (c: Context<HubEnv>, body: string | ReadableStream<Uint8Array>): Response => {
  c.header('content-type', 'application/x-ndjson; charset=utf-8')
  c.header('cache-control', 'no-store')
  return c.body(body)
}

const selectionOf = (c: Context<HubEnv>): RunSelection => {
  const namespace = c.req.param('namespace')
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...optional('run', c.req.query('run')),
    ...optional('since', timeOf(c.req.query('since'))),
  }
}

const filterOf = (c: Context<HubEnv>): AuditFilter => {
  const status = c.req.query('status')
  const known = auditStatuses.find((each) => each === status)
  if (status !== undefined && known === undefined)
    throw invalidInput(`status "${status}" is not known`, `use one of ${auditStatuses.join(', ')}`)
  return {
    ...optional('agent', c.req.query('agent')),
    ...optional('tool', c.req.query('tool')),
    ...optional('status', known),
    ...optional('since', timeOf(c.req.query('since'))),
  }
}

const optional = <K extends string, T>(key: K, value: T | undefined): { readonly [N in K]?: T } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [N in K]: T })

const timeOf = (text: string | undefined): string | undefined => {
  if (text === undefined) return undefined
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw invalidInput(`since "${text}" is no time`, 'write it as 2026-04-23T02:45:00Z')
  return new Date(time).toISOString()
}

const limitOf = (text: string | undefined): number => {
  if (text === undefined) return DEFAULT_LIMIT
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > HIGHEST_LIMIT)
    throw invalidInput(`limit "${text}" is not a number from 1 to ${HIGHEST_LIMIT}`)
  return limit
}
