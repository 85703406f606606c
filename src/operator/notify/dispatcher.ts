// Sends what is in the outbox. Each channel has its own line, so that one that does not answer holds up no other, and
// no run: runs only ever write to the outbox. One timer, set to the next message that is due.

import type { NotifyChannelSpec } from '../../api/v1alpha1/index.ts'
import { withoutSecrets } from '../../domain/guardrail/known-secrets.ts'
import { nextTry } from '../../domain/notify/next-try.ts'
import { renderDelivery } from '../../domain/notify/render-delivery.ts'
import type { ChannelOutcome, NotifyChannels } from '../../ports/notify-channels.ts'
import type { ClaimedMessage, OutboxOutcome, ThreadKey, ThreadPlace } from '../../ports/outbox.ts'
import type { OperatorContext } from '../context.ts'
import { resolveChannel } from './resolve-channel.ts'

export interface Dispatcher {
  start(): void
  /** Waits for what is on its way. */
  close(): Promise<void>
}

const atOnce = 50
/** Longer than a line of messages takes; whoever dies leaves them to another after that. */
const leaseMs = 300_000
const defaultRateLimitSeconds = 300
/** A message in a thread that old would be seen by nobody. */
const threadLivesMs = 24 * 3_600_000
const keptMs = 30 * 24 * 3_600_000
const longestError = 300
const longestTimerMs = 3_600_000
const retryStoreMs = 5_000

export const createDispatcher = ({
  store: { outbox },
  caches,
  resources,
  clock,
  random,
  logger,
  channels,
}: Pick<OperatorContext, 'store' | 'caches' | 'resources' | 'clock' | 'random' | 'logger'> & {
  readonly channels: NotifyChannels
}): Dispatcher => {
  let running: Promise<void> | undefined
  let again = false
  let started = false
  let closed = false
  let stopTimer: (() => void) | undefined
  let prunedAt: number | undefined

  const wake = (): void => {
    again = true
    // Who does not lead hears of messages too, and leaves them.
    if (!started || closed || running !== undefined) return
    stopTimer?.()
    running = work()
      .catch((error: unknown) => {
        logger.error({ err: error }, 'cannot dispatch notifications')
        schedule(retryStoreMs)
      })
      .finally(() => {
        running = undefined
        if (again && !closed && stopTimer === undefined) wake()
      })
  }
  const schedule = (ms: number): void => {
    stopTimer?.()
    stopTimer = clock.after(Math.min(Math.max(ms, 1), longestTimerMs), () => {
      stopTimer = undefined
      wake()
    })
  }

  const work = async (): Promise<void> => {
    stopTimer = undefined
    while (again && !closed) {
      again = false
      const claimed = await outbox.claim({ limit: atOnce, leaseMs })
      if (claimed.length === atOnce) again = true
      const lines = Map.groupBy(
        claimed,
        ({ namespace, notify, channel }) => `${namespace}/${notify}/${channel}`,
      )
      await Promise.all([...lines.values()].map(sendLine))
    }
    if (closed) return
    const now = clock.now()
    if (prunedAt === undefined || now - prunedAt > threadLivesMs) {
      prunedAt = now
      await outbox.prune({ before: now - keptMs })
    }
    const due = await outbox.nextDueAt()
    if (due !== undefined) schedule(due - clock.now())
  }

  /** The messages of one channel, in their order. */
  const sendLine = async (line: readonly ClaimedMessage[]): Promise<void> => {
    let heldUp: { readonly at: number; readonly error: string } | undefined
    for (const messages of Map.groupBy(line, ({ group }) => group).values()) {
      // With a rate limit, what waited together is told together.
      const { rateLimitSeconds = defaultRateLimitSeconds } = specOf(messages[0])?.spec ?? {}
      const portions = rateLimitSeconds === 0 ? messages.map((message) => [message]) : [messages]
      for (const portion of portions) {
        const outcome: OutboxOutcome =
          heldUp === undefined
            ? await send(portion, rateLimitSeconds * 1000)
            : { type: 'wait', until: heldUp.at }
        if (outcome.type === 'retry') heldUp = outcome
        for (const message of portion) await outbox.settle(message, outcome)
      }
    }
  }

  const specOf = (message: ClaimedMessage | undefined) =>
    message === undefined
      ? undefined
      : caches.notifies.get({ namespace: message.namespace, name: message.notify })

  const send = async (portion: readonly ClaimedMessage[], rateLimitMs: number): Promise<OutboxOutcome> => {
    const message = portion.at(-1)
    if (message === undefined) return { type: 'sent' }
    const { namespace, notify, channel: index, group, fact } = message
    const channel = specOf(message)?.spec.channels[index]
    if (channel === undefined)
      return { type: 'dead', error: `SwarmNotify ${namespace}/${notify} has no channels[${index}] any more` }
    if (rateLimitMs > 0) {
      const last = await outbox.lastSentAt({ namespace, notify, channel: index, group })
      if (last !== undefined && last + rateLimitMs > clock.now())
        return { type: 'wait', until: last + rateLimitMs }
    }
    const more = portion.slice(0, -1).map((other) => other.fact)
    const rendered = renderDelivery({ channel, fact, more })
    const key = threadKey(message, channel)
    const thread = key === undefined ? undefined : await livingThread(key)
    const id = `${fact.id}/${notify}/${index}`
    const resolved = await resolveChannel({ resources, namespace, id, channel, rendered, thread })
    const outcome: ChannelOutcome =
      resolved.type === 'unusable'
        ? { type: 'failed', error: resolved.error, permanent: false, unreachable: true }
        : await channels.deliver(resolved.delivery)
    if (outcome.type === 'taken') {
      if (key !== undefined && outcome.thread !== undefined)
        await outbox.putThread(key, { ...outcome.thread, at: clock.now() })
      return { type: 'sent' }
    }
    const { permanent, retryAfterMs } = outcome
    const held = resolved.type === 'delivery' ? resolved.secrets : []
    // Cut last: half a secret would not be known as one.
    const error = String(withoutSecrets(outcome.error, held)).slice(0, longestError)
    const after = permanent
      ? undefined
      : nextTry({ attempt: message.attempt, retryAfterMs, random: random() })
    logger.warn(
      { namespace, notify, channel: index, attempt: message.attempt, error },
      'notification not taken',
    )
    return after === undefined ? { type: 'dead', error } : { type: 'retry', at: clock.now() + after, error }
  }

  const livingThread = async (key: ThreadKey): Promise<ThreadPlace | undefined> => {
    const thread = await outbox.thread(key)
    return thread !== undefined && thread.at + threadLivesMs > clock.now() ? thread : undefined
  }

  const stop = outbox.subscribe(wake)
  return {
    start() {
      started = true
      wake()
    },
    async close() {
      closed = true
      stop()
      stopTimer?.()
      await running
    },
  }
}

/** Only a bot knows where its messages are. */
const threadKey = (
  { namespace, notify, fact }: ClaimedMessage,
  { slack }: NotifyChannelSpec,
): ThreadKey | undefined =>
  slack?.botTokenFrom === undefined
    ? undefined
    : { namespace, notify, place: `${slack.apiURL ?? ''} ${slack.channel ?? ''}`, thread: fact.thread }
