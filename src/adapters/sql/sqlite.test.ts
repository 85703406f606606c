import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { storeContract } from '../../ports/store.contract.ts'
import { openSqliteStore } from './sqlite.ts'

const directory = mkdtempSync(join(tmpdir(), 'kubeswarm-store-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('SQLite in memory', () => {
  storeContract({ open: async ({ clock }) => openSqliteStore({ path: ':memory:', clock }) })
})

describe('SQLite in a file', () => {
  let files = 0
  storeContract({
    open: async ({ clock }) => openSqliteStore({ path: join(directory, `${++files}.db`), clock }),
  })
})
