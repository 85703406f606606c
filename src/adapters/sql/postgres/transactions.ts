// Reads and writes of acts. A write is one transaction together with what it tells the other processes; it runs
// again only where the database is known to have undone it.

import { isKubeswarmError } from '../../../domain/error.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Act, Moment } from '../verbs/act.ts'
import type { Connections } from './connections.ts'
import { encodeNotice, type Notice } from './notice.ts'
import { createSent, perform, send, type Sent } from './perform.ts'
import { isFollowUp, isLostConnection, isLostRace, storeFailed } from './store-failed.ts'

export interface Transaction extends Moment {
  /** Told to everyone when the transaction is durable. */
  readonly publish: (notice: Notice) => void
}

export interface Transactions {
  read<T>(act: () => Act<T>): Promise<T>
  /** Resolves when the write is durable. `act` may be called again, so it keeps nothing outside the database. */
  write<T>(act: (transaction: Transaction) => Act<T>): Promise<T>
}

const TRIES = 5

export const createTransactions = ({
  connections,
  clock,
  channel,
  id,
  dispatch,
}: {
  readonly connections: Connections
  readonly clock: Clock
  readonly channel: string
  /** Of this store, among all on the database. */
  readonly id: string
  /** Tells the listeners of this process. */
  readonly dispatch: (notice: Notice) => void
}): Transactions => {
  const { label } = connections

  const writeOnce = <T>(act: (transaction: Transaction) => Act<T>, progress: Progress): Promise<T> =>
    connections.lend(async (client) => {
      const sent = createSent()
      const notices = new Map<string, Notice>()
      const publish = (notice: Notice): void => void notices.set(encodeNotice(id, notice), notice)
      const touch: Moment['touch'] = ({ namespace, name, uid }) =>
        publish({ type: 'journal', run: { namespace, name, uid } })
      const announce: Moment['announce'] = (topic) => publish({ type: topic })
      try {
        send(sent, client.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE'))
        const value = await perform(client, act({ now: clock.now(), touch, announce, publish }), sent)
        if (notices.size > 0) send(sent, client.query(tell(channel, [...notices.keys()])))
        progress.committing = true
        const commit = client.query('COMMIT')
        commit.catch(() => undefined)
        await Promise.all(sent.promises)
        // After a failed statement COMMIT answers with ROLLBACK; that statement has thrown above.
        await commit
        for (const notice of notices.values()) dispatch(notice)
        return value
      } catch (error) {
        if (!isKubeswarmError(error)) throw await firstFailure(sent, error)
        await client.query('ROLLBACK')
        throw error
      }
    })

  return {
    read: async (act) => {
      for (let left = 1; ; left--) {
        try {
          return await connections.lend((client) => perform(client, act(), createSent()))
        } catch (error) {
          if (isKubeswarmError(error)) throw error
          // A connection that was lost while it lay idle shows only when it is used.
          if (left > 0 && isLostConnection(error)) continue
          throw storeFailed({ label, doing: 'read from', cause: error })
        }
      }
    },
    write: async (act) => {
      for (let left = TRIES - 1; ; left--) {
        const progress: Progress = { committing: false }
        try {
          return await writeOnce(act, progress)
        } catch (error) {
          if (isKubeswarmError(error)) throw error
          // Once COMMIT is on its way, a lost connection leaves open whether it happened: the caller decides.
          const undone = isLostRace(error) || (isLostConnection(error) && !progress.committing)
          if (left > 0 && undone) continue
          throw storeFailed({ label, doing: 'write to', cause: error })
        }
      }
    },
  }
}

interface Progress {
  committing: boolean
}

const tell = (channel: string, payloads: readonly string[]) => ({
  name: 'kubeswarm_tell',
  text: 'SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload',
  values: [channel, payloads],
})

const firstFailure = async (sent: Sent, error: unknown): Promise<unknown> => {
  if (!isFollowUp(error)) return error
  const results = await Promise.allSettled(sent.promises)
  return results.find((result) => result.status === 'rejected')?.reason ?? error
}
