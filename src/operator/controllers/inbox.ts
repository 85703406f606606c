// From accepted deliveries to runs. The inbox row is the promise, the run's name its key: creating it twice is a
// conflict that means "done", so an operator that dies between the two leaves nothing out and starts nothing twice.

import { swarmRuns, type SwarmRun } from '../../api/v1alpha1/index.ts'
import { triggerLabel } from '../../domain/run/take-snapshot.ts'
import { labelValue } from '../../domain/workload/agent-names.ts'
import type { InboxEntry } from '../../ports/inbox.ts'
import { KubernetesApiError } from '../../ports/resources.ts'
import type { OperatorContext } from '../context.ts'
import { createController, type Controller } from '../reconcile/controller.ts'

const onlyKey = 'pending'
const eventLabel = 'kubeswarm.io/event'
const teamLabel = 'kubeswarm.io/team'

export const createInboxController = (context: OperatorContext): Controller => {
  const { resources, store, caches, clock, random, logger, events } = context

  const reconcile = async (): Promise<undefined> => {
    let failure: unknown
    for (const { entry, run } of await store.inbox.pending()) {
      try {
        await settle(entry, run)
      } catch (error) {
        // One that cannot be created now must not hold up the others.
        failure ??= error
      }
    }
    if (failure !== undefined) throw failure
    return undefined
  }

  const settle = async (entry: InboxEntry, name: string): Promise<void> => {
    const { namespace, event, delivery } = entry
    const refused = await start(entry, name)
    await store.inbox.settle({
      namespace,
      event,
      delivery,
      run: name,
      ...(refused === undefined ? {} : { refused }),
    })
    const about = caches.events.get({ namespace, name: event })
    if (about === undefined) return
    if (refused === undefined)
      events.record({ about, type: 'Normal', reason: 'PipelineFired', message: `started run ${name}` })
    else
      events.record({ about, type: 'Warning', reason: 'PipelineRefused', message: `run ${name}: ${refused}` })
  }

  /** Creates the run, or resolves to why it will never be. */
  const start = async (entry: InboxEntry, name: string): Promise<string | undefined> => {
    const manifest = entry.runs.find((run) => run.name === name)?.manifest
    if (!isRunManifest(manifest)) return 'the accepted delivery holds no manifest for it'
    const run = labelled(manifest, entry, name)
    const busy = await makeWay(entry, run)
    if (busy !== undefined) return busy
    try {
      await resources.create(swarmRuns, run)
      return undefined
    } catch (error) {
      if (!(error instanceof KubernetesApiError)) throw error
      if (error.status === 409 && error.reason === 'AlreadyExists') return undefined
      if ([400, 403, 404, 422].includes(error.status)) return error.message
      throw error
    }
  }

  /** What the event's concurrencyPolicy says about earlier runs of the same target that have not ended. */
  const makeWay = async (
    { namespace, event: name }: InboxEntry,
    run: SwarmRun,
  ): Promise<string | undefined> => {
    const policy = caches.events.get({ namespace, name })?.spec.concurrencyPolicy ?? 'Allow'
    if (policy === 'Allow') return undefined
    const page = await resources.list<SwarmRun>(swarmRuns, {
      namespace,
      labelSelector: `${eventLabel}=${labelValue(name)}`,
    })
    const earlier = page.items.filter(
      ({ metadata, spec, status }) =>
        metadata.name !== run.metadata.name &&
        spec.teamRef === run.spec.teamRef &&
        spec.agent === run.spec.agent &&
        (status?.phase === undefined || status.phase === 'Pending' || status.phase === 'Running'),
    )
    if (policy === 'Forbid')
      return earlier[0] === undefined
        ? undefined
        : `run ${earlier[0].metadata.name} has not ended (concurrencyPolicy: Forbid)`
    for (const { metadata } of earlier) await resources.patch(swarmRuns, metadata, { spec: { cancel: true } })
    return undefined
  }

  const controller = createController({ name: 'inbox', reconcile, clock, random, logger, workers: 1 })
  const stop = store.inbox.subscribe(() => controller.queue.add(onlyKey))
  controller.queue.add(onlyKey)
  return {
    ...controller,
    close: () => {
      stop()
      return controller.close()
    },
  }
}

const isRunManifest = (value: unknown): value is SwarmRun =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  value.kind === 'SwarmRun' &&
  'spec' in value

const labelled = (manifest: SwarmRun, { namespace, event }: InboxEntry, name: string): SwarmRun => ({
  ...manifest,
  metadata: {
    ...manifest.metadata,
    name,
    namespace,
    labels: {
      ...manifest.metadata?.labels,
      [eventLabel]: labelValue(event),
      // Tells the engine that the input was written by a stranger.
      [triggerLabel]: labelValue(event),
      ...(manifest.spec.teamRef === undefined ? {} : { [teamLabel]: labelValue(manifest.spec.teamRef) }),
    },
  },
})
