// Which database holds the store: PostgreSQL where one is named, a file in the state directory otherwise.

import { openSqliteStore } from '../adapters/sql/sqlite.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'
import { storeIn } from './dev/state-directory.ts'

/** Throws KubeswarmError `StoreLocked` | `StoreTooNew` | `StoreUnavailable`, and `InvalidInput` for a wrong URL. */
export const openStore = async ({
  databaseUrl,
  stateDirectory,
  outlives = 'the machine',
  clock,
  logger,
}: {
  readonly databaseUrl?: string | undefined
  /** Must exist. */
  readonly stateDirectory: string
  /** What a write to the file must survive. */
  readonly outlives?: 'the machine' | 'the process'
  readonly clock: Clock
  readonly logger: Logger
}): Promise<Store> => {
  if (databaseUrl === undefined)
    return openSqliteStore({ path: storeIn(stateDirectory), outlives, clock, logger })
  // Loaded where it is needed: the embedded cluster starts without it.
  const { openPostgresStore } = await import('../adapters/sql/postgres.ts')
  return openPostgresStore({ url: databaseUrl, clock, logger })
}
