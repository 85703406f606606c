// Puts facts into the outbox: one message for each channel of the SwarmNotify that a team or agent names, if it wants
// to hear of it. What is told is durable when this resolves.

import { swarmNotifies, type SwarmNotify } from '../../api/v1alpha1/index.ts'
import type { NotifyFact } from '../../domain/notify/notify-fact.ts'
import type { OperatorContext } from '../context.ts'

export type Tell = (request: {
  /** `notifyRef.name` of whom the fact is about; it is of the fact's namespace. */
  readonly notify: string | undefined
  readonly fact: NotifyFact
}) => Promise<void>

export const createTell =
  ({
    store,
    caches,
    resources,
    logger,
  }: Pick<OperatorContext, 'store' | 'caches' | 'resources' | 'logger'>): Tell =>
  async ({ notify: name, fact }) => {
    if (name === undefined) return
    const { namespace, event, subject } = fact
    const known =
      caches.notifies.get({ namespace, name }) ??
      // A cache may lag behind a user who applied everything at once.
      (await resources.get<SwarmNotify>(swarmNotifies, { namespace, name }))
    if (known === undefined) {
      logger.warn(
        { namespace, notify: name, event, subject: subject.name },
        'nobody is told: no such SwarmNotify',
      )
      return
    }
    const { on, channels } = known.spec
    if (event !== 'Test' && on !== undefined && on.length > 0 && !on.includes(event)) return
    await store.outbox.add(
      channels.map((_, channel) => ({
        namespace,
        notify: name,
        channel,
        group: event === 'Test' ? fact.id : `${event}/${subject.kind}/${subject.name}`,
        fact,
      })),
    )
  }
