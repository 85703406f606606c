/**
 * local-kube is held to the conformance table. CONFORMANCE_URL, CONFORMANCE_CA (a file) and CONFORMANCE_TOKEN point the
 * same table at another server, such as a real kube-apiserver.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApiServer, startControllers } from '../src/index.ts'
import type { Target } from './conformance-runner.ts'
import { startConformanceSession } from './conformance-session.ts'
import type { ConformanceSession } from './conformance-session.ts'
import { controllersTable, serverTable } from './conformance-table.ts'
import type { Row } from './conformance/row.ts'
import { explainedDifferences, renderDifferences } from './differences.ts'

let session: ConformanceSession
let startTheControllers: () => Promise<void> = async () => undefined
const endings: (() => Promise<void>)[] = []

async function target(): Promise<Target> {
  const url = process.env['CONFORMANCE_URL']
  if (url !== undefined) {
    const caFile = process.env['CONFORMANCE_CA']
    return {
      url,
      ca: caFile === undefined ? undefined : readFileSync(caFile, 'utf8'),
      token: process.env['CONFORMANCE_TOKEN'] ?? '',
    }
  }
  const server = await startApiServer()
  endings.push(server.close)
  startTheControllers = async () => {
    const controllers = await startControllers({ kubeconfig: server.kubeconfig() })
    endings.push(controllers.close)
  }
  return { url: server.url, ca: server.caCertificate, token: server.token }
}

const perform = async (row: Row): Promise<void> => {
  const { faults } = await session.perform(row)
  const isExplained = explainedDifferences.some(({ seen = [] }) =>
    seen.some((sight) => sight.row !== undefined && row.name.startsWith(sight.row)),
  )
  expect(isExplained ? [] : faults).toEqual([])
}

beforeAll(async () => {
  session = await startConformanceSession(await target())
})
afterAll(async () => {
  await session.close()
  for (const end of endings.toReversed()) await end()
})

describe('an API server', () => {
  test.each(serverTable)('$name', perform)
})

describe('an API server with controllers', () => {
  beforeAll(() => startTheControllers())

  test.each(controllersTable)('$name', perform)
})

test('the README says where it differs', () => {
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(renderDifferences())
})
