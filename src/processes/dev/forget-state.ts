// swarm dev --reset: begins again from nothing.

import { rm } from 'node:fs/promises'
import { openSqliteStore } from '../../adapters/sql/sqlite.ts'
import { KubeswarmError } from '../../domain/error.ts'
import type { Logger } from '../../ports/logger.ts'
import { systemClock } from '../system-clock.ts'
import { clusterIn, makeStateDirectory, storeIn } from './state-directory.ts'

/** A running cluster must not lose its state; a store that cannot be read is what one resets for. */
const mustNotBeHeld = async ({ store, logger }: { readonly store: string; readonly logger: Logger }) => {
  try {
    const opened = openSqliteStore({ path: store, clock: systemClock, logger })
    await opened.close()
  } catch (error) {
    if (error instanceof KubeswarmError && error.code === 'StoreLocked') throw error
  }
}

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
  await mustNotBeHeld({ store, logger })
  for (const path of [store, `${store}-wal`, `${store}-shm`, clusterIn(stateDirectory)])
    await rm(path, { recursive: true, force: true })
}
