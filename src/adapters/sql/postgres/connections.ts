// Connections to one PostgreSQL database: a pool for everything that reads and writes. It knows nothing of tables,
// and nothing it says contains the password.

import pg from 'pg'
import { KubeswarmError } from '../../../domain/error.ts'
import type { Logger } from '../../../ports/logger.ts'
import { connectionOptions } from './connection-options.ts'
import { storeFailed } from './store-failed.ts'

export interface Connections {
  /** `host:port/database`, for messages. */
  readonly label: string
  /** Lends a connection for the time of `use`; one that fails with anything but a refusal is thrown away. */
  lend<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T>
  /** A connection of its own, not yet opened, without limits on how long it may take. */
  single(): pg.Client
  close(): Promise<void>
}

/** A process holds this many at most; writes of the same run queue before they take one. */
const POOL_SIZE = 10
const CONNECT_MS = 5000
/** What a statement may take, and wait for a lock; a process that is stopped in a transaction loses its locks. */
const STATEMENT_MS = 15_000
const LOCK_MS = 10_000
const IDLE_IN_TRANSACTION_MS = 10_000
/** The network went silent. */
const ANSWER_MS = 20_000

/** Throws KubeswarmError `InvalidInput`. */
export const openConnections = ({
  url,
  logger,
}: {
  readonly url: string
  readonly logger?: Logger | undefined
}): Connections => {
  const { options, label } = connectionOptions(url)
  const pool = new pg.Pool({
    ...options,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    query_timeout: ANSWER_MS,
    // Statements that need no answer of the one before travel together.
    pipeline: true,
  })
  pool.on('error', (error) => logger?.debug({ err: error }, 'an idle database connection was lost'))
  // A connection that breaks while lent out fails its query; the event of its own must not end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  let closing: Promise<void> | undefined

  return {
    label,
    lend: async (use) => {
      if (closing !== undefined) throw closedStore()
      const client = await pool.connect().catch((cause: unknown) => {
        throw storeFailed({ label, doing: 'reach', cause })
      })
      let failure: unknown
      try {
        return await use(client)
      } catch (error) {
        failure = error
        throw error
      } finally {
        client.release(failure !== undefined && !(failure instanceof KubeswarmError))
      }
    },
    single: () => {
      const client = new pg.Client({ ...options, connectionTimeoutMillis: CONNECT_MS })
      client.on('error', () => undefined)
      return client
    },
    close: () => (closing ??= pool.end()),
  }
}

const closedStore = (): KubeswarmError =>
  new KubeswarmError({ code: 'StoreUnavailable', message: 'cannot use the store: it is closed' })
