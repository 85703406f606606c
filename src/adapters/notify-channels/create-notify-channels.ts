// The channels over HTTP: one client, one rule of where addresses may lead, short waits, small answers.

import { createFetch, type Fetch } from '../http/create-fetch.ts'
import type { HostResolver } from '../http/service-resolver.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ChannelDelivery, NotifyChannels } from '../../ports/notify-channels.ts'
import { notificationGuard } from './notification-guard.ts'
import { sendToSlackBot, sendToSlackWebhook } from './slack.ts'
import { sendToWebhook } from './webhook.ts'

interface Running extends NotifyChannels {
  close(): Promise<void>
}

const connectTimeoutMs = 5_000
const idleTimeoutMs = 10_000
const longestAnswer = 64 * 1024

export const createNotifyChannels = ({
  services,
  allow = [],
  clock,
}: {
  /** Finds Services, where DNS does not. */
  readonly services?: HostResolver
  /** `host:port` that may be reached although it is private. */
  readonly allow?: readonly string[]
  readonly clock: Clock
}): Running => {
  const clients = new Map<string, ReturnType<typeof createFetch>>()
  // A connection that one namespace may use must not be another's: each has its own.
  const fetchFor = (namespace: string): Fetch => {
    const known = clients.get(namespace)
    if (known !== undefined) return known.fetch
    const client = createFetch({
      ...(services === undefined ? {} : { resolver: services }),
      guard: notificationGuard({ namespace, allow }),
      connectTimeoutMs,
      idleTimeoutMs,
      maxResponseBytes: longestAnswer,
    })
    clients.set(namespace, client)
    return client.fetch
  }

  return {
    deliver(delivery: ChannelDelivery) {
      const fetch = fetchFor(delivery.namespace)
      switch (delivery.type) {
        case 'slack-webhook':
          return sendToSlackWebhook({ ...delivery, fetch })
        case 'slack-bot':
          return sendToSlackBot({ ...delivery, fetch })
        case 'webhook':
          return sendToWebhook({ ...delivery, fetch, now: clock.now() })
      }
    },
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()))
    },
  }
}
