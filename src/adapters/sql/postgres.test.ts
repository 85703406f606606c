import { afterAll, describe, test } from 'vitest'
import { storeContract } from '../../ports/store.contract.ts'
import { startTestServer } from './postgres.fixtures.ts'
import { openPostgresStore } from './postgres.ts'

const found = startTestServer()

if ('missing' in found) {
  console.warn(`PostgreSQL is not tested: ${found.missing}`)
  test.skip(`PostgreSQL is not tested: ${found.missing}`, () => undefined)
} else {
  const { server } = found
  afterAll(() => server.remove())
  describe('PostgreSQL', () => {
    storeContract({
      open: async ({ clock }) => openPostgresStore({ url: await server.emptySchema(), clock }),
    })
  })
}
