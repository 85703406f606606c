// One connection that hears what other processes commit. When it is lost it comes back by itself, and what was missed
// in between is caught up before the next notice counts.

import type { Client } from 'pg'
import type { Clock } from '../../../ports/clock.ts'
import type { Logger } from '../../../ports/logger.ts'
import type { Connections } from './connections.ts'
import { decodeNotice, type Notice } from './notice.ts'
import { storeFailed } from './store-failed.ts'

interface Listener {
  close(): Promise<void>
}

/** A connection that is silently dead is found out this fast; there is no news in it for the database. */
const PROBE_MS = 15_000
const PROBE_ANSWER_MS = 5000
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 10_000

/** Resolves when the first connection listens. Throws KubeswarmError `StoreUnavailable`. */
export const startListener = async ({
  connections,
  channel,
  id,
  clock,
  logger,
  hear,
  catchUp,
}: {
  readonly connections: Connections
  readonly channel: string
  readonly id: string
  readonly clock: Clock
  readonly logger?: Logger | undefined
  readonly hear: (notice: Notice) => void
  /** Looks at everything that may have changed since `since`. */
  readonly catchUp: (since: number) => Promise<void>
}): Promise<Listener> => {
  let current: Client | undefined
  let stopTimer: (() => void) | undefined
  let lastAlive = clock.now()
  let failures = 0
  let closed = false

  const connect = async (): Promise<void> => {
    const client = connections.single()
    client.on('notification', ({ payload }) => {
      const notice = decodeNotice(id, payload ?? '')
      if (notice !== undefined) hear(notice)
    })
    try {
      await client.connect()
      await client.query(`LISTEN ${channel}`)
    } catch (error) {
      await client.end().catch(() => undefined)
      throw error
    }
    if (closed) {
      await client.end().catch(() => undefined)
      return
    }
    current = client
    client.once('end', () => lost(client))
    probeLater(client)
  }

  const probeLater = (client: Client): void => {
    stopTimer?.()
    stopTimer = clock.after(PROBE_MS, () => {
      client.query({ text: 'SELECT 1', query_timeout: PROBE_ANSWER_MS } as { text: string }).then(
        () => {
          lastAlive = clock.now()
          if (current === client && !closed) probeLater(client)
        },
        () => lost(client),
      )
    })
  }

  const lost = (client: Client): void => {
    if (current !== client || closed) return
    current = undefined
    void client.end().catch(() => undefined)
    logger?.warn({ database: connections.label }, 'database connection lost')
    retryLater()
  }

  const retryLater = (): void => {
    stopTimer?.()
    const ceiling = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++)
    // Many processes lose the database at the same moment; they should not come back at the same moment.
    stopTimer = clock.after(ceiling / 2 + (Math.random() * ceiling) / 2, () => void reconnect())
  }

  const reconnect = async (): Promise<void> => {
    if (closed) return
    try {
      await connect()
      await catchUp(lastAlive)
      failures = 0
      lastAlive = clock.now()
      logger?.info({ database: connections.label }, 'database connection is back')
    } catch (error) {
      if (closed) return
      logger?.debug({ err: error }, 'database is still away')
      const client = current
      current = undefined
      void client?.end().catch(() => undefined)
      retryLater()
    }
  }

  try {
    await connect()
  } catch (error) {
    throw storeFailed({ label: connections.label, doing: 'reach', cause: error })
  }
  return {
    close: async () => {
      closed = true
      stopTimer?.()
      await current?.end().catch(() => undefined)
    },
  }
}
