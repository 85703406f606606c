// The SwarmNotify controller: says whether the channels can be used and what came of them, and sends a test when a
// person asks for one by annotation. What happens is told by others, through the outbox.

import {
  swarmNotifies,
  type NotifyEvent,
  type SwarmNotify,
  type SwarmNotifyStatus,
} from '../../api/v1alpha1/index.ts'
import { isNotifyEvent, sampleFact } from '../../domain/notify/sample-fact.ts'
import { secrets, type Secret } from '../builtin-kinds.ts'
import { conditionsAt, timestamp, type ConditionNow } from '../conditions.ts'
import type { OperatorContext } from '../context.ts'
import { isEmpty, mergePatch } from '../merge-patch.ts'
import { secretsOf } from '../notify/resolve-channel.ts'
import { createController, type Controller } from '../reconcile/controller.ts'
import { keyOf, splitKey } from '../reconcile/indexed-cache.ts'

/** `<event>/<anything new>`: sends a sample of the event, or a plain test for any other word. */
export const testAnnotation = 'kubeswarm/test-trigger'
/** A new value gives dead messages another life. */
export const resendAnnotation = 'kubeswarm.io/resend'

/** Dispatches come in bursts; people read once. */
const tellsOfDispatchesAfterMs = 300

export const createNotifyController = (context: OperatorContext): Controller => {
  const { resources, store, caches, clock, random, logger } = context
  // By uid: the last value of the resend annotation that was acted on.
  const resent = new Map<string, string>()

  const reconcile = async (key: string): Promise<undefined> => {
    const { namespace, name } = splitKey(key)
    const notify = caches.notifies.get({ namespace, name })
    if (notify === undefined || notify.metadata.deletionTimestamp !== undefined) return undefined
    await test(notify)
    await resend(notify)
    const { sent, waiting, dead, last } = await store.outbox.summary({ namespace, notify: name })
    const observedGeneration = notify.metadata.generation ?? 1
    const status: SwarmNotifyStatus = {
      lastDispatches: last
        .filter(({ channel }) => channel < notify.spec.channels.length)
        .map(({ channel, event, at, error }) => ({
          channelIndex: channel,
          lastFiredAt: timestamp(at),
          ...(isNotifyEvent(event) ? { lastEvent: event } : {}),
          succeeded: error === undefined,
          ...(error === undefined ? {} : { error: error.slice(0, 500) }),
        })),
      sentCount: sent,
      waitingCount: waiting,
      deadCount: dead,
      observedGeneration,
      conditions: conditionsAt({
        previous: notify.status?.conditions,
        current: [{ type: 'Ready', observedGeneration, ...(await readiness(notify)) }],
        now: clock.now(),
      }),
    }
    const patch = mergePatch(notify.status, status)
    if (!isEmpty(patch)) await resources.patchStatus(swarmNotifies, { namespace, name }, patch)
    return undefined
  }

  const test = async ({ metadata, spec }: SwarmNotify): Promise<void> => {
    const { namespace = 'default', name, uid = '', annotations } = metadata
    const wish = annotations?.[testAnnotation]
    if (wish === undefined || wish === '') return
    const [word = ''] = wish.split('/')
    const event: NotifyEvent | 'Test' = isNotifyEvent(word) ? word : 'Test'
    const id = `test/${uid}/${wish}`
    const fact = sampleFact({ event, id, namespace, notify: name, at: new Date(clock.now()).toISOString() })
    // A person who asks wants to see it, whatever the SwarmNotify listens to and however fast.
    await store.outbox.add(
      spec.channels.map((_, channel) => ({ namespace, notify: name, channel, group: id, fact })),
    )
  }

  const resend = async ({ metadata, status }: SwarmNotify): Promise<void> => {
    const { namespace = 'default', name, uid = '', annotations } = metadata
    const wish = annotations?.[resendAnnotation]
    if (wish === undefined || resent.get(uid) === wish) return
    // After a restart the annotation is still there: only a time that is not before the latest try is a new wish. Tries
    // are told in whole seconds, and a wish of the same second counts.
    const lastTry = Math.max(
      ...(status?.lastDispatches ?? []).map(({ lastFiredAt = '' }) => Date.parse(lastFiredAt)),
    )
    if (!(Date.parse(wish) < lastTry)) await store.outbox.revive({ namespace, notify: name })
    resent.set(uid, wish)
  }

  const readiness = async ({
    metadata: { namespace = 'default' },
    spec: { channels },
  }: SwarmNotify): Promise<Omit<ConditionNow, 'type' | 'observedGeneration'>> => {
    const missing: string[] = []
    for (const [index, channel] of channels.entries())
      for (const { name, key } of secretsOf(channel)) {
        const secret = await resources.get<Secret>(secrets, { namespace, name })
        if (secret === undefined) missing.push(`channels[${index}]: there is no Secret "${name}"`)
        else if (secret.data?.[key] === undefined)
          missing.push(`channels[${index}]: Secret "${name}" has no key "${key}"`)
      }
    return missing.length > 0
      ? {
          status: 'False',
          reason: 'InvalidChannelConfig',
          message: `${missing.join('; ')}; messages wait until it is there (kubectl -n ${namespace} create secret generic ...)`,
        }
      : {
          status: 'True',
          reason: 'Active',
          message: `${channels.length} of ${channels.length} channels can be used`,
        }
  }

  const controller = createController({ name: 'notify', reconcile, clock, random, logger, workers: 2 })
  const wakeAll = (namespace?: string): void => {
    for (const { metadata } of caches.notifies.list(namespace))
      controller.queue.addAfter(keyOf(metadata), tellsOfDispatchesAfterMs)
  }
  caches.notifies.subscribe(({ before, after }) => {
    const subject = after ?? before
    if (subject !== undefined) controller.queue.add(keyOf(subject.metadata))
  })
  caches.secrets.subscribe(({ before, after }) => {
    const secret = after ?? before
    if (secret === undefined) return
    for (const { metadata, spec } of caches.notifies.list(secret.metadata.namespace))
      if (
        spec.channels.some((channel) => secretsOf(channel).some(({ name }) => name === secret.metadata.name))
      )
        controller.queue.add(keyOf(metadata))
  })
  const stop = store.outbox.subscribe(() => wakeAll())

  return {
    ...controller,
    close: () => {
      stop()
      return controller.close()
    },
  }
}
