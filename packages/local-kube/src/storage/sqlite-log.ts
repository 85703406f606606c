/**
 * The durable log of a store in one SQLite file: current objects and the last revision. One process per directory; a
 * second one is refused with the pid of the first.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Log, LogEntry } from './store.ts'

export class StoreLockedError extends Error {
  readonly code = 'StoreLocked'
  readonly pid: number | undefined
  constructor({ directory, pid }: { directory: string; pid: number | undefined }) {
    super(
      `cannot open ${directory}: ${pid === undefined ? 'another process' : `process ${pid}`} is serving it; stop that process or choose another directory`,
    )
    this.name = 'StoreLockedError'
    this.pid = pid
  }
}

const SQLITE_BUSY = 5

export function openSqliteLog({ directory }: { directory: string }): Log {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const pidFile = join(directory, 'pid')
  const database = new DatabaseSync(join(directory, 'objects.sqlite'), { timeout: 0 })
  try {
    // EXCLUSIVE must come before WAL, or a second process opens the file and writes.
    database.exec('PRAGMA locking_mode=EXCLUSIVE')
    database.exec('PRAGMA journal_mode=WAL')
    database.exec('PRAGMA synchronous=FULL')
    database.exec('BEGIN IMMEDIATE; COMMIT')
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    throw new StoreLockedError({ directory, pid: readPid(pidFile) })
  }
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 })
  database.exec(`
    CREATE TABLE IF NOT EXISTS objects (
      bucket TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, object TEXT NOT NULL,
      PRIMARY KEY (bucket, namespace, name)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS revision (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL);
    INSERT OR IGNORE INTO revision VALUES (1, 0);
  `)
  const put = database.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)')
  const remove = database.prepare('DELETE FROM objects WHERE bucket = ? AND namespace = ? AND name = ?')
  const setRevision = database.prepare('UPDATE revision SET value = ? WHERE id = 1')

  return {
    load() {
      const { value } = database.prepare('SELECT value FROM revision').get() as { value: number }
      const statement = database.prepare('SELECT bucket, namespace, name, object FROM objects')
      statement.setReturnArrays(true)
      const rows = statement.all() as unknown as readonly (readonly [string, string, string, string])[]
      const entries = rows.map(([bucket, namespace, name, text]) => ({
        key: { bucket, namespace, name },
        text,
      }))
      return { revision: value, entries }
    },
    append(batch: readonly LogEntry[]) {
      database.exec('BEGIN')
      try {
        for (const { key, text } of batch) {
          if (text === undefined) remove.run(key.bucket, key.namespace, key.name)
          else put.run(key.bucket, key.namespace, key.name, text)
        }
        setRevision.run(batch[batch.length - 1]?.revision ?? 0)
        database.exec('COMMIT')
      } catch (error) {
        database.exec('ROLLBACK')
        throw error
      }
    },
    close() {
      database.close()
    },
  }
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}
