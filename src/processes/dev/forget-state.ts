// swarm dev --reset: begins again from nothing.

import { rm } from 'node:fs/promises'
import { openSqliteStore } from '../../adapters/sql/sqlite.ts'
import type { Logger } from '../../ports/logger.ts'
import { systemClock } from '../system-clock.ts'
import { clusterIn, makeStateDirectory, storeIn } from './state-directory.ts'

/** Forgets the state of an embedded cluster that does not run; whatever else is in the directory stays. */
export const forgetState = async ({
  stateDirectory,
  logger,
}: {
  readonly stateDirectory: string
  readonly logger: Logger
}): Promise<void> => {
  await makeStateDirectory(stateDirectory)
  const store = storeIn(stateDirectory)
  // Opened only to learn that no other process has it: a running cluster must not lose its state.
  const opened = openSqliteStore({ path: store, clock: systemClock, logger })
  await opened.close()
  for (const path of [store, `${store}-wal`, `${store}-shm`, clusterIn(stateDirectory)])
    await rm(path, { recursive: true, force: true })
}
