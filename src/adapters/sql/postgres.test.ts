import { afterAll, describe } from 'vitest'
import { storeContract } from '../../ports/store.contract.ts'
import { serverForTests } from './postgres.fixtures.ts'
import { openPostgresStore } from './postgres.ts'

const { server, missing } = serverForTests()
afterAll(() => server.remove())

describe.skipIf(missing)('PostgreSQL', () => {
  storeContract({
    open: async ({ clock }) => openPostgresStore({ url: await server.emptySchema(), clock }),
  })
})
