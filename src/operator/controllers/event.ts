// The SwarmEvent controller, for webhooks: makes the token that senders show, tells the address they send to, and
// counts what came. Accepted deliveries become runs in `inbox.ts`.

import { randomBytes } from 'node:crypto'
import { swarmEvents, type SwarmEvent, type SwarmEventStatus } from '../../api/v1alpha1/index.ts'
import { managedBy, webhookTokenKey, webhookTokenSecretName } from '../../domain/workload/agent-names.ts'
import { ownerOf } from '../../domain/workload/agent-workload.ts'
import type { EventCatalog } from '../../ports/event-catalog.ts'
import { KubernetesApiError } from '../../ports/resources.ts'
import { secrets, type Secret } from '../builtin-kinds.ts'
import { conditionsAt, type ConditionNow } from '../conditions.ts'
import type { OperatorContext } from '../context.ts'
import { isEmpty, mergePatch } from '../merge-patch.ts'
import { createController, type Controller } from '../reconcile/controller.ts'
import { keyOf, splitKey } from '../reconcile/indexed-cache.ts'

interface EventController extends Controller {
  readonly catalog: EventCatalog
}

const tokenBytes = 32

export const createEventController = (context: OperatorContext): EventController => {
  const { resources, store, caches, clock, random, logger, webhookBaseUrl, events: recorder } = context
  // Tokens by the uid of their event, with the version of the Secret they were read from.
  const tokens = new Map<string, string>()

  const readToken = async (event: SwarmEvent): Promise<string | undefined> => {
    const { namespace = 'default', name } = event.metadata
    const secret = await resources.get<Secret>(secrets, { namespace, name: webhookTokenSecretName(name) })
    const encoded = secret?.data?.[webhookTokenKey]
    return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8')
  }

  const ensureToken = async (event: SwarmEvent): Promise<string> => {
    const known = await readToken(event)
    if (known !== undefined && known !== '') return known
    const { namespace = 'default', name } = event.metadata
    const token = randomBytes(tokenBytes).toString('hex')
    const secret: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        namespace,
        name: webhookTokenSecretName(name),
        labels: { ...managedBy },
        ownerReferences: [ownerOf(event)],
      },
      type: 'Opaque',
      data: { [webhookTokenKey]: Buffer.from(token).toString('base64') },
    }
    try {
      await resources.create(secrets, secret)
      recorder.record({
        about: event,
        type: 'Normal',
        reason: 'WebhookTokenCreated',
        message: `made the token for senders in Secret ${secret.metadata.name}`,
      })
      return token
    } catch (error) {
      if (!(error instanceof KubernetesApiError && error.status === 409)) throw error
      // Somebody else made it meanwhile; a Secret that is there without the key gets one.
      const other = await readToken(event)
      if (other !== undefined && other !== '') return other
      await resources.patch(secrets, secret.metadata, { data: secret.data })
      return token
    }
  }

  const reconcile = async (key: string): Promise<undefined> => {
    const { namespace, name } = splitKey(key)
    const event = caches.events.get({ namespace, name })
    if (event === undefined || event.metadata.deletionTimestamp !== undefined) return undefined
    const webhook = event.spec.source.type === 'webhook'
    if (webhook) tokens.set(event.metadata.uid ?? '', await ensureToken(event))
    const { fired, lastFiredAt } = await store.inbox.count({ namespace, event: name })
    const observedGeneration = event.metadata.generation ?? 1
    const status: SwarmEventStatus = {
      ...(webhook ? { webhookURL: `${webhookBaseUrl}/triggers/${namespace}/${name}/fire` } : {}),
      firedCount: fired,
      ...(lastFiredAt === undefined ? {} : { lastFiredAt }),
      observedGeneration,
      conditions: conditionsAt({
        previous: event.status?.conditions,
        current: [{ type: 'Ready', observedGeneration, ...readiness(event, context) }],
        now: clock.now(),
      }),
    }
    const patch = mergePatch(event.status, status)
    if (!isEmpty(patch)) await resources.patchStatus(swarmEvents, { namespace, name }, patch)
    return undefined
  }

  const controller = createController({ name: 'event', reconcile, clock, random, logger, workers: 2 })
  const wakeNamespace = (namespace: string | undefined): void => {
    for (const { metadata } of caches.events.list(namespace)) controller.queue.add(keyOf(metadata))
  }
  caches.events.subscribe(({ before, after }) => {
    if (after === undefined || before?.metadata.uid !== after.metadata.uid)
      tokens.delete(before?.metadata.uid ?? '')
    const subject = after ?? before
    if (subject !== undefined) controller.queue.add(keyOf(subject.metadata))
  })
  caches.secrets.subscribe(({ before, after }) => {
    const metadata = (after ?? before)?.metadata
    const suffix = webhookTokenSecretName('')
    if (metadata?.name.endsWith(suffix) !== true) return
    const name = metadata.name.slice(0, -suffix.length)
    const event = caches.events.get({ namespace: metadata.namespace, name })
    if (event === undefined) return
    // A rotated token holds from now on; the old one must not.
    tokens.delete(event.metadata.uid ?? '')
    controller.queue.add(keyOf(event.metadata))
  })
  for (const cache of [caches.teams, caches.agents])
    cache.subscribe(({ before, after }) => {
      if ((before === undefined) !== (after === undefined))
        wakeNamespace((after ?? before)?.metadata.namespace)
    })
  const stop = store.inbox.subscribe(() => wakeNamespace(undefined))

  return {
    ...controller,
    close: () => {
      stop()
      return controller.close()
    },
    catalog: {
      async find({ namespace, event: name }) {
        const event = caches.events.get({ namespace, name })
        if (event === undefined || event.spec.source.type !== 'webhook') return undefined
        const uid = event.metadata.uid ?? ''
        const token = tokens.get(uid) ?? (await readToken(event))
        if (token === undefined || token === '') return undefined
        tokens.set(uid, token)
        return { uid, token, targets: event.spec.targets, suspended: event.spec.suspended ?? false }
      },
    },
  }
}

const readiness = (
  event: SwarmEvent,
  { caches }: Pick<OperatorContext, 'caches'>,
): Omit<ConditionNow, 'type' | 'observedGeneration'> => {
  const { namespace, name } = event.metadata
  const { source, suspended, targets } = event.spec
  if (source.type !== 'webhook')
    return {
      status: 'False',
      reason: 'NotYetSupported',
      message: `spec.source.type: "${source.type}" is not supported by this version, so nothing will fire; use type webhook`,
    }
  if (suspended === true)
    return {
      status: 'False',
      reason: 'Suspended',
      message: `spec.suspended is true, deliveries start nothing; kubectl -n ${namespace} patch swarmevent ${name} --type=merge -p '{"spec":{"suspended":false}}'`,
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
  return { status: 'True', reason: 'Active', message: 'deliveries that show the token start runs' }
}
