// A note beside the database that says which process has it open. The lock itself is SQLite's; this file only lets
// the loser of the lock name the winner, so a stale or missing one does no harm.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'

const ownerPath = (path: string): string => `${path}-owner`

export const claimFile = (path: string): void => {
  try {
    writeFileSync(ownerPath(path), `${process.pid}\n`)
  } catch {
    // Only the wording of another process's error depends on it.
  }
}

export const unclaimFile = (path: string): void => {
  rmSync(ownerPath(path), { force: true })
}

export const holderOf = (path: string): number | undefined => {
  try {
    const pid = Number.parseInt(readFileSync(ownerPath(path), 'utf8'), 10)
    return Number.isNaN(pid) ? undefined : pid
  } catch {
    return undefined
  }
}
