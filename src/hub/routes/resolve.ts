// Where a person says what became of a call whose outcome nobody knows. The word goes into the run's journal under the
// person's name, and the first word counts; the run engine goes on from there.

import { Hono } from 'hono'
import { KubeswarmError } from '../../domain/error.ts'
import { foldRun } from '../../domain/journal/fold.ts'
import type { JournalRecord } from '../../domain/journal/record.ts'
import { resolveCalls } from '../../domain/run/resolve-calls.ts'
import type { HubContext, HubEnv } from '../context.ts'
import { requireEditor } from '../middleware/require-person.ts'
import { parseResolve } from '../parse-request.ts'
import { HubRefusal, runNotFound } from '../refusal.ts'
import { paths, type ResolveReply } from '../wire.ts'

export const resolveRoutes = (context: HubContext): Hono<HubEnv> => {
  const { store, clock } = context
  const app = new Hono<HubEnv>()

  app.post(paths.resolve, requireEditor(context), async (c) => {
    const { namespace, name } = c.req.param()
    const request = await parseResolve({ request: c.req.raw, clock })
    const run = await store.journal.find({ namespace, name })
    if (run === undefined) throw runNotFound({ namespace, name })
    const by = c.get('user').username
    const state = foldRun(await store.journal.read({ run: run.uid }))
    const decision = resolveCalls({ ...request, state, by })
    if (decision.type === 'refused') {
      const { code, message, remedy } = decision
      throw new KubeswarmError({
        code,
        message: `cannot resolve run ${namespace}/${name}: ${message}`,
        remedy,
      })
    }
    const { step, calls, records, contents, reopened, left } = decision
    const stored = await store.journal.append({
      run: { namespace, name, uid: run.uid },
      records,
      contents,
    })
    refuseSecondWord({ stored, outcome: request.outcome })
    return c.json<ResolveReply>({ step, calls, by, reopened, left })
  })

  return app
}

/** Somebody else was faster, and says otherwise. */
const refuseSecondWord = ({
  stored,
  outcome,
}: {
  readonly stored: readonly JournalRecord[]
  readonly outcome: string
}): void => {
  const other = stored.find((record) => record.type === 'tool.resolved' && record.outcome !== outcome)
  if (other?.type !== 'tool.resolved') return
  throw new HubRefusal({
    status: 409,
    code: 'InvalidInput',
    message: `${other.by} has said "${other.outcome}" of ${other.server}/${other.tool} at ${other.at}`,
    remedy: 'talk to each other; the first word counts',
  })
}
