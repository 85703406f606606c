// What becomes of a run that was promised: it is created or given up, the inbox is told, and so are those who watch
// the event.

import { swarmRuns } from '../../api/v1alpha1/index.ts'
import type { Start } from '../../domain/trigger/decide-starts.ts'
import type { DropReason } from '../../domain/trigger/weigh.ts'
import type { OwedRun } from '../../ports/inbox.ts'
import { KubernetesApiError } from '../../ports/resources.ts'
import type { OperatorContext } from '../context.ts'
import { runToCreate } from './event-run.ts'

interface Refused {
  readonly reason: DropReason
  readonly message: string
}

/** Carries out what was decided, and resolves to whether the run exists now. A run that waits is left owed. */
export const settleOwed = async ({
  context,
  owed,
  start,
}: {
  readonly context: OperatorContext
  readonly owed: OwedRun
  readonly start: Start
}): Promise<boolean> => {
  switch (start.type) {
    case 'free': {
      const refused = await create({ context, owed })
      await settle({ context, owed, refused })
      return refused === undefined
    }
    case 'refuse':
      await settle({ context, owed, refused: { reason: 'Forbidden', message: start.message } })
      return false
    case 'overtaken':
      await settle({ context, owed, refused: { reason: 'Replaced', message: start.message } })
      return false
    case 'replace':
      for (const name of start.runs) await cancel(context, { namespace: owed.entry.namespace, name })
      return false
    case 'wait':
      return false
  }
}

const settle = async ({
  context: { store, caches, events },
  owed: { entry, run },
  refused,
}: {
  readonly context: OperatorContext
  readonly owed: OwedRun
  readonly refused: Refused | undefined
}): Promise<void> => {
  const { namespace, event, uid, delivery } = entry
  await store.inbox.settle({
    namespace,
    event,
    uid,
    delivery,
    run,
    ...(refused === undefined ? {} : { refused }),
  })
  const about = caches.events.get({ namespace, name: event })
  if (about === undefined) return
  if (refused === undefined)
    events.record({ about, type: 'Normal', reason: 'PipelineFired', message: `started run ${run}` })
  else {
    const message = `run ${run}: ${refused.message}`
    events.record({ about, type: 'Warning', reason: 'PipelineRefused', message })
  }
}

/** Creates the run, or resolves to why it will never be. That it is there already means that it is done. */
const create = async ({
  context: { resources },
  owed,
}: {
  readonly context: OperatorContext
  readonly owed: OwedRun
}): Promise<Refused | undefined> => {
  const run = runToCreate(owed)
  if (run === undefined)
    return { reason: 'Refused', message: 'the accepted delivery holds no manifest for it' }
  try {
    await resources.create(swarmRuns, run)
    return undefined
  } catch (error) {
    if (!(error instanceof KubernetesApiError)) throw error
    if (error.status === 409 && error.reason === 'AlreadyExists') return undefined
    if ([400, 403, 404, 422].includes(error.status)) return { reason: 'Refused', message: error.message }
    throw error
  }
}

const cancel = async (
  { caches, resources }: OperatorContext,
  run: { readonly namespace: string; readonly name: string },
): Promise<void> => {
  const seen = caches.runs.get(run)
  if (seen?.spec.cancel !== true) await resources.patch(swarmRuns, run, { spec: { cancel: true } })
}
