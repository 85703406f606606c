/**
 * The API server a suite is held against: CONFORMANCE_URL, CONFORMANCE_CA (a file) and CONFORMANCE_TOKEN name one that
 * runs already, such as a real kube-apiserver; without them it is this package's own.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApiServer } from '../src/index.ts'
import type { Target } from './conformance-runner.ts'

export interface ServerUnderTest extends Target {
  readonly close: () => Promise<void>
}

export async function serverUnderTest(): Promise<ServerUnderTest> {
  const url = process.env['CONFORMANCE_URL']
  if (url !== undefined) {
    const caFile = process.env['CONFORMANCE_CA']
    return {
      url,
      ca: caFile === undefined ? undefined : readFileSync(caFile, 'utf8'),
      token: process.env['CONFORMANCE_TOKEN'] ?? '',
      close: async () => undefined,
    }
  }
  // Started twice: like a server that has been there for a while, it no longer remembers its first revisions.
  const directory = mkdtempSync(join(tmpdir(), 'server-under-test-'))
  await (await startApiServer({ directory })).close()
  const server = await startApiServer({ directory })
  return {
    url: server.url,
    ca: server.caCertificate,
    token: server.token,
    close: async () => {
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
