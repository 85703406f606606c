// One SQLite file, opened for this process alone: WAL, every commit flushed, prepared statements kept. It knows
// nothing of tables.

import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { KubeswarmError } from '../../../domain/error.ts'
import type { Value } from '../verbs/act.ts'
import { claimFile, holderOf, unclaimFile } from './owner-file.ts'

export interface Database {
  get<Row>(sql: string, ...values: readonly Value[]): Row | undefined
  all<Row>(sql: string, ...values: readonly Value[]): readonly Row[]
  run(sql: string, ...values: readonly Value[]): void
  exec(sql: string): void
  close(): void
}

/** SQLITE_BUSY: another connection holds the lock. */
const BUSY = 5

export const openDatabase = ({
  path,
  outlives = 'the machine',
}: {
  readonly path: string
  /** What a commit survives. Without the machine it is not flushed to the disk, and survives the process alone. */
  readonly outlives?: 'the machine' | 'the process'
}): Database => {
  const inMemory = path === ':memory:'
  const handle = openHandle(path)
  try {
    // Exclusive before WAL: afterwards no second process can open the file, not even to read.
    if (!inMemory) handle.exec('PRAGMA locking_mode = EXCLUSIVE')
    handle.exec('PRAGMA journal_mode = WAL')
    handle.exec(`PRAGMA synchronous = ${outlives === 'the machine' ? 'FULL' : 'NORMAL'}`)
    handle.exec('BEGIN IMMEDIATE')
    handle.exec('COMMIT')
  } catch (error) {
    handle.close()
    throw isBusy(error) ? storeLocked({ path, cause: error }) : cannotOpen({ path, cause: error })
  }
  if (!inMemory) claimFile(path)

  const prepared = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    const statement = handle.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }

  return {
    get: <Row>(sql: string, ...values: readonly Value[]) =>
      prepare(sql).get(...stored(values)) as Row | undefined,
    all: <Row>(sql: string, ...values: readonly Value[]) =>
      prepare(sql).all(...stored(values)) as unknown as readonly Row[],
    run: (sql, ...values) => {
      prepare(sql).run(...stored(values))
    },
    exec: (sql) => handle.exec(sql),
    close: () => {
      prepared.clear()
      // Before the lock goes: afterwards the note may be the next owner's.
      if (!inMemory) unclaimFile(path)
      handle.close()
    },
  }
}

const stored = (values: readonly Value[]): readonly (string | number | null)[] =>
  values.some(isLong) ? values.map((value) => (isLong(value) ? value.longText : value)) : (values as string[])

const isLong = (value: Value): value is Value & object => typeof value === 'object' && value !== null

const openHandle = (path: string): DatabaseSync => {
  try {
    return new DatabaseSync(path, { timeout: 0 })
  } catch (error) {
    throw cannotOpen({ path, cause: error })
  }
}

const isBusy = (error: unknown): boolean => (error as { readonly errcode?: unknown }).errcode === BUSY

const storeLocked = ({ path, cause }: { readonly path: string; readonly cause: unknown }): KubeswarmError => {
  const holder = holderOf(path)
  return new KubeswarmError({
    code: 'StoreLocked',
    message: `cannot open the store "${path}": ${holder === undefined ? 'another process' : `process ${holder}`} has it open`,
    remedy: `stop that process${holder === undefined ? '' : ` (kill ${holder})`}, or use another directory (swarm dev --state DIR, or --ephemeral)`,
    cause,
  })
}

const cannotOpen = ({ path, cause }: { readonly path: string; readonly cause: unknown }): KubeswarmError =>
  new KubeswarmError({
    code: 'StoreUnavailable',
    message: `cannot open the store "${path}": ${cause instanceof Error ? cause.message : String(cause)}`,
    remedy: 'check that the directory exists, is writable and that the file is a kubeswarm store',
    cause,
  })
