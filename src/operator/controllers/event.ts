// The SwarmEvent controller: for webhooks it makes the token that senders show and tells the address they send to, for
// schedules it keeps the time, and of all it counts what came. Accepted deliveries become runs in `inbox.ts`.

import { swarmEvents, type SwarmEvent, type SwarmEventStatus } from '../../api/v1alpha1/index.ts'
import { circleThrough, longestChain } from '../../domain/trigger/event-loops.ts'
import type { EventCatalog } from '../../ports/event-catalog.ts'
import { conditionsAt, type ConditionNow } from '../conditions.ts'
import type { OperatorContext } from '../context.ts'
import { isEmpty, mergePatch } from '../merge-patch.ts'
import { createController, type Again, type Controller } from '../reconcile/controller.ts'
import { keyOf, splitKey } from '../reconcile/indexed-cache.ts'
import { announceDrops, countsInStatus, understood } from './event-counts.ts'
import { createScheduleKeeper, type ScheduleKept } from './event-schedule.ts'
import { createEventSecrets, secretNameOf } from './event-secrets.ts'
import { untilEnded } from './until-ended.ts'

interface EventController extends Controller {
  readonly catalog: EventCatalog
}

const COUNT_WITHIN_MS = 500

export const createEventController = (context: OperatorContext): EventController => {
  const { resources, store, caches, clock, random, logger, webhookBaseUrl, events: recorder } = context
  const known = createEventSecrets(context)
  const schedules = createScheduleKeeper(context)

  const reconcile = async (key: string): Promise<Again | undefined> => {
    const { namespace, name } = splitKey(key)
    const event = caches.events.get({ namespace, name })
    if (event === undefined || event.metadata.deletionTimestamp !== undefined) return undefined
    const webhook = event.spec.source.type === 'webhook'
    const secretFault = webhook ? await known.ensure(event) : undefined
    const schedule = await schedules.keep(event)
    const counts = await store.inbox.count({ namespace, event: name, uid: event.metadata.uid ?? '' })
    announceDrops({ counts, event, recorder })
    const reading = understood({ counts, event })
    const observedGeneration = event.metadata.generation ?? 1
    const status: SwarmEventStatus = {
      ...(webhook ? { webhookURL: `${webhookBaseUrl}/triggers/${namespace}/${name}/fire` } : {}),
      ...schedule.status,
      ...countsInStatus(counts),
      observedGeneration,
      conditions: conditionsAt({
        previous: event.status?.conditions,
        current: [
          { type: 'Ready', observedGeneration, ...readiness({ event, caches, secretFault, schedule }) },
          ...(reading === undefined ? [] : [{ observedGeneration, ...reading }]),
        ],
        now: clock.now(),
      }),
    }
    const patch = mergePatch(event.status, status)
    if (!isEmpty(patch)) await resources.patchStatus(swarmEvents, { namespace, name }, patch)
    return schedule.again
  }

  const controller = createController({ name: 'event', reconcile, clock, random, logger, workers: 2 })
  const wakeNamespace = (namespace: string | undefined): void => {
    for (const { metadata } of caches.events.list(namespace)) controller.queue.add(keyOf(metadata))
  }
  caches.events.subscribe(({ before, after }) => {
    // A changed spec may name another Secret.
    if (
      before?.metadata.generation !== after?.metadata.generation ||
      before?.metadata.uid !== after?.metadata.uid
    )
      known.forget(before?.metadata.uid)
    if (before !== undefined && before.metadata.uid !== after?.metadata.uid)
      schedules.forget(before.metadata.uid ?? '')
    const subject = after ?? before
    if (subject !== undefined) controller.queue.add(keyOf(subject.metadata))
  })
  caches.secrets.subscribe(({ before, after }) => {
    const metadata = (after ?? before)?.metadata
    if (metadata === undefined) return
    for (const event of caches.events.list(metadata.namespace)) {
      if (event.spec.source.type !== 'webhook' || secretNameOf(event) !== metadata.name) continue
      // A rotated secret holds from now on; the old one must not.
      known.forget(event.metadata.uid)
      controller.queue.add(keyOf(event.metadata))
    }
  })
  for (const cache of [caches.teams, caches.agents])
    cache.subscribe(({ before, after }) => {
      if ((before === undefined) !== (after === undefined))
        wakeNamespace((after ?? before)?.metadata.namespace)
    })
  // Many deliveries are counted together.
  const stop = store.inbox.subscribe((about) => {
    if (about === undefined) wakeNamespace(undefined)
    else controller.queue.addAfter(keyOf({ namespace: about.namespace, name: about.event }), COUNT_WITHIN_MS)
  })

  return {
    ...controller,
    close: () => {
      stop()
      return controller.close()
    },
    catalog: {
      ended: untilEnded(context),
      async find({ namespace, event: name }) {
        const event = caches.events.get({ namespace, name })
        if (event === undefined || event.spec.source.type !== 'webhook') return undefined
        const { metadata, spec } = event
        return {
          namespace,
          event: name,
          uid: metadata.uid ?? '',
          webhook: spec.source.webhook ?? {},
          targets: spec.targets,
          secrets: await known.read(event),
          suspended: spec.suspended ?? false,
        }
      },
    },
  }
}

const readiness = ({
  event,
  caches,
  secretFault,
  schedule,
}: Pick<OperatorContext, 'caches'> & {
  readonly event: SwarmEvent
  readonly secretFault: string | undefined
  readonly schedule: ScheduleKept
}): Omit<ConditionNow, 'type' | 'observedGeneration'> => {
  const { namespace, name } = event.metadata
  const { source, suspended, targets } = event.spec
  if (schedule.invalid !== undefined)
    return {
      status: 'False',
      reason: 'InvalidCron',
      message: `spec.source.cron: ${schedule.invalid.message}; ${schedule.invalid.remedy}`,
    }
  if (suspended === true)
    return {
      status: 'False',
      reason: 'Suspended',
      message: `spec.suspended is true, nothing is started; kubectl -n ${namespace} patch swarmevent ${name} --type=merge -p '{"spec":{"suspended":false}}'`,
    }
  if (secretFault !== undefined)
    return {
      status: 'False',
      reason: 'SecretNotFound',
      message: `spec.source.webhook.signature.secretRef: ${secretFault}; until then nobody can prove to be the sender`,
    }
  const circle = circleThrough(event, caches.events.list(namespace))
  if (circle !== undefined)
    return {
      status: 'False',
      reason: 'InvalidSource',
      message: `spec.source.teamOutput.name: starts a circle of teams: ${circle.join(' → ')}; after ${longestChain} runs in a row it ends by itself`,
    }
  const followed = source.teamOutput?.name
  if (followed !== undefined && caches.teams.get({ namespace, name: followed }) === undefined)
    return {
      status: 'False',
      reason: 'TeamNotFound',
      message: `spec.source.teamOutput.name: SwarmTeam "${followed}" does not exist; create it in namespace "${namespace}"`,
    }
  const missing = targets.flatMap(({ team, agent }, index) => {
    if (team !== undefined && caches.teams.get({ namespace, name: team }) === undefined)
      return [`spec.targets[${index}].team: SwarmTeam "${team}" does not exist`]
    if (agent !== undefined && caches.agents.get({ namespace, name: agent }) === undefined)
      return [`spec.targets[${index}].agent: SwarmAgent "${agent}" does not exist`]
    return []
  })
  if (missing.length > 0)
    return {
      status: 'False',
      reason: 'TeamNotFound',
      message: `${missing.join('; ')}; create it in namespace "${namespace}"`,
    }
  const message = {
    webhook: 'deliveries that show the token start runs',
    cron: `the schedule starts runs (${schedule.status.schedule ?? ''})`,
    'team-output': `runs of SwarmTeam ${followed ?? ''} that end ${source.teamOutput?.onPhase ?? 'Succeeded'} start runs`,
  }[source.type]
  return { status: 'True', reason: source.type === 'team-output' ? 'Watching' : 'Active', message }
}
