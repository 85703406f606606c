// From accepted deliveries to runs. The inbox row is the promise, the run's name its key: creating it twice is a
// conflict that means "done", so an operator that dies between the two leaves nothing out and starts nothing twice.
// Each event has its own queue: one that must wait holds up no other.

import { defaultMaxUnfinished, swarmRuns, type SwarmEvent, type SwarmRun } from '../../api/v1alpha1/index.ts'
import { isOver } from '../../domain/run/is-over.ts'
import { triggerLabel } from '../../domain/run/take-snapshot.ts'
import { makeWay, type EventRun, type Way } from '../../domain/trigger/make-way.ts'
import type { DropReason } from '../../domain/trigger/weigh.ts'
import { hashOf, labelValue } from '../../domain/workload/agent-names.ts'
import type { InboxEntry, OwedRun } from '../../ports/inbox.ts'
import { KubernetesApiError } from '../../ports/resources.ts'
import type { OperatorContext } from '../context.ts'
import { createController, type Again, type Controller } from '../reconcile/controller.ts'
import { keyOf, splitKey } from '../reconcile/indexed-cache.ts'
import { createBatch } from './batch.ts'

const eventLabel = 'kubeswarm.io/event'
const teamLabel = 'kubeswarm.io/team'
const subjectLabel = 'kubeswarm.io/subject'
const subjectAnnotation = 'kubeswarm.io/subject'

/** Owed runs that are read at a time. */
const PAGE = 100
/** Runs that are created at a time. */
const AT_ONCE = 8

const pruneKey = 'prune'
const everywhereKey = 'everywhere'
const PRUNE_EVERY_MS = 3_600_000
const KEPT_MS = 7 * 24 * 3_600_000
const PRUNE_BATCH = 1000

export const createInboxController = (context: OperatorContext): Controller => {
  const { resources, store, caches, clock, random, logger, events } = context
  /** Events with runs that wait for others to end. */
  const waiting = new Set<string>()
  /** Of these, those that have no place free: only an end of a run changes that, another delivery does not. */
  const full = new Set<string>()

  const reconcile = async (key: string): Promise<Again | undefined> => {
    if (key === pruneKey) return prune()
    if (key === everywhereKey) return lookEverywhere()
    const event = splitKey(key)
    // Before anything is read: a run that ends meanwhile must not go unnoticed.
    const waitedBefore = waiting.has(key)
    waiting.add(key)
    full.delete(key)
    const rules = rulesOf(caches.events.get(event))
    const unfinished = new Map<string, EventRun>()
    let listed = false
    const batch = createBatch({ atOnce: AT_ONCE })
    let waits: string | undefined
    let after: OwedRun | undefined
    for (;;) {
      const page = await store.inbox.pending({
        event: { namespace: event.namespace, event: event.name },
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      })
      if (page.length > 0 && !listed) {
        for (const run of await unfinishedRuns(event)) unfinished.set(run.name, run)
        listed = true
      }
      const latest = latestOf(page, rules)
      for (const owed of page) {
        const later = latest.get(rivalry(owed, rules))
        if (later !== undefined && later !== owed.run) {
          const message = `${later} came before it could start`
          await batch.add(() => settle(owed, { reason: 'Replaced', message }))
          continue
        }
        const run = eventRun(owed)
        const way: Way =
          run === undefined
            ? { type: 'free' }
            : makeWay({ run, unfinished: [...unfinished.values()], ...rules })
        if (way.type === 'free') {
          if (run !== undefined) unfinished.set(run.name, run)
          await batch.add(async () => settle(owed, await start(owed)))
        } else if (way.type === 'refuse') {
          await batch.add(() => settle(owed, { reason: 'Forbidden', message: way.message }))
        } else {
          waits ??= `${owed.run} waits: ${way.message}`
          if (way.type === 'replace')
            await batch.add(async () => {
              for (const name of way.runs) await cancel({ namespace: event.namespace, name })
            })
        }
      }
      after = page.at(-1)
      // Behind the last free place nothing can start.
      if (page.length < PAGE) break
      if (unfinished.size >= rules.maxUnfinished) {
        waits ??= `more runs wait: ${unfinished.size} have not ended (maxUnfinished: ${rules.maxUnfinished})`
        break
      }
    }
    await batch.settled()
    if (waits !== undefined && unfinished.size >= rules.maxUnfinished) full.add(key)
    if (waits === undefined) waiting.delete(key)
    else if (!waitedBefore) announceWait(event, waits)
    batch.throwFirst()
    return undefined
  }

  /** The runs of the event that have not ended, asked of the API server: a cache may not know the latest. */
  const unfinishedRuns = async ({
    namespace,
    name,
  }: {
    readonly namespace: string
    readonly name: string
  }): Promise<readonly EventRun[]> => {
    const page = await resources.list<SwarmRun>(swarmRuns, {
      namespace,
      labelSelector: `${eventLabel}=${labelValue(name)}`,
    })
    return page.items.filter((run) => !isOver(run)).map(eventRunOf)
  }

  const settle = async (
    { entry, run }: OwedRun,
    refused: { readonly reason: DropReason; readonly message: string } | undefined,
  ): Promise<void> => {
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
    else
      events.record({
        about,
        type: 'Warning',
        reason: 'PipelineRefused',
        message: `run ${run}: ${refused.message}`,
      })
  }

  /** Creates the run, or resolves to why it will never be. */
  const start = async ({
    entry,
    run: name,
  }: OwedRun): Promise<{ readonly reason: DropReason; readonly message: string } | undefined> => {
    const manifest = entry.runs.find((run) => run.name === name)?.manifest
    if (!isRunManifest(manifest))
      return { reason: 'Refused', message: 'the accepted delivery holds no manifest for it' }
    try {
      await resources.create(swarmRuns, labelled(manifest, entry, name))
      return undefined
    } catch (error) {
      if (!(error instanceof KubernetesApiError)) throw error
      if (error.status === 409 && error.reason === 'AlreadyExists') return undefined
      if ([400, 403, 404, 422].includes(error.status)) return { reason: 'Refused', message: error.message }
      throw error
    }
  }

  const cancel = async (run: { readonly namespace: string; readonly name: string }): Promise<void> => {
    const seen = caches.runs.get(run)
    if (seen?.spec.cancel !== true) await resources.patch(swarmRuns, run, { spec: { cancel: true } })
  }

  const announceWait = (name: { readonly namespace: string; readonly name: string }, message: string) => {
    const about = caches.events.get(name)
    if (about !== undefined) events.record({ about, type: 'Normal', reason: 'PipelineWaiting', message })
  }

  /** Deliveries are remembered for a week, so that a replay of one starts nothing. */
  const prune = async (): Promise<Again> => {
    const before = new Date(clock.now() - KEPT_MS).toISOString()
    while ((await store.inbox.prune({ before, limit: PRUNE_BATCH })) === PRUNE_BATCH) continue
    return { afterMs: PRUNE_EVERY_MS }
  }

  const controller = createController({ name: 'inbox', reconcile, clock, random, logger, workers: 4 })
  const lookEverywhere = async (): Promise<undefined> => {
    for (const { namespace, event } of await store.inbox.owing())
      controller.queue.add(keyOf({ namespace, name: event }))
    return undefined
  }
  const stops = [
    store.inbox.subscribe((about) => {
      const key =
        about === undefined ? everywhereKey : keyOf({ namespace: about.namespace, name: about.event })
      if (!full.has(key)) controller.queue.add(key)
    }),
    caches.runs.subscribe(({ before, after }) => {
      // A run that ends makes room.
      if (before === undefined || isOver(before) || (after !== undefined && !isOver(after))) return
      for (const key of waiting)
        if (splitKey(key).namespace === before.metadata.namespace) controller.queue.add(key)
    }),
    caches.events.subscribe(({ before, after }) => {
      const key = keyOf((after ?? before)?.metadata ?? { name: '' })
      // Other limits may let it on.
      if (waiting.has(key) && before?.metadata.generation !== after?.metadata.generation)
        controller.queue.add(key)
    }),
  ]
  return {
    ...controller,
    start() {
      controller.start()
      controller.queue.add(everywhereKey)
      controller.queue.add(pruneKey)
    },
    close: () => {
      for (const stop of stops) stop()
      return controller.close()
    },
  }
}

interface Rules {
  readonly policy: 'Allow' | 'Forbid' | 'Replace'
  readonly scope: 'event' | 'subject'
  readonly maxUnfinished: number
}

const rulesOf = (event: SwarmEvent | undefined): Rules => {
  const { concurrencyPolicy: policy = 'Allow', source } = event?.spec ?? {}
  const { scope = 'event', maxUnfinished = defaultMaxUnfinished } = source?.webhook?.storm ?? {}
  return { policy, scope, maxUnfinished }
}

/** Under Replace the latest of those that wait is the one that counts. */
const latestOf = (page: readonly OwedRun[], rules: Rules): ReadonlyMap<string, string> =>
  new Map(rules.policy === 'Replace' ? page.map((owed) => [rivalry(owed, rules), owed.run]) : [])

/** Runs of which only one may be unfinished. */
const rivalry = (owed: OwedRun, { scope }: Rules): string => {
  const run = eventRun(owed)
  return scope === 'subject' ? `${run?.target} ${run?.subject ?? owed.run}` : `${run?.target}`
}

const eventRun = ({ entry, run: name }: OwedRun): EventRun | undefined => {
  const manifest = entry.runs.find((run) => run.name === name)?.manifest
  if (!isRunManifest(manifest)) return undefined
  const subject = subjectOf(entry)
  return { name, target: targetOf(manifest), ...(subject === undefined ? {} : { subject }) }
}

const eventRunOf = (run: SwarmRun): EventRun => {
  const subject = run.metadata.labels?.[subjectLabel]
  return {
    name: run.metadata.name,
    target: targetOf(run),
    ...(subject === undefined ? {} : { subject }),
  }
}

const targetOf = ({ spec: { teamRef, agent } }: SwarmRun): string =>
  teamRef === undefined ? `agent ${agent}` : `team ${teamRef}`

/** As a label value: any text may be a subject. */
const subjectOf = ({ subject }: InboxEntry): string | undefined =>
  subject === undefined ? undefined : hashOf(subject.key).slice(0, 32)

const isRunManifest = (value: unknown): value is SwarmRun =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  value.kind === 'SwarmRun' &&
  'spec' in value

const LONGEST_SUBJECT = 1024

const labelled = (manifest: SwarmRun, entry: InboxEntry, name: string): SwarmRun => {
  const { namespace, event, subject } = entry
  const label = subjectOf(entry)
  return {
    ...manifest,
    metadata: {
      ...manifest.metadata,
      name,
      namespace,
      ...(subject === undefined
        ? {}
        : { annotations: { [subjectAnnotation]: subject.key.slice(0, LONGEST_SUBJECT) } }),
      labels: {
        ...manifest.metadata?.labels,
        [eventLabel]: labelValue(event),
        // Tells the engine that the input was written by a stranger.
        [triggerLabel]: labelValue(event),
        ...(label === undefined ? {} : { [subjectLabel]: label }),
        ...(manifest.spec.teamRef === undefined ? {} : { [teamLabel]: labelValue(manifest.spec.teamRef) }),
      },
    },
  }
}
