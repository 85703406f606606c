// How long an API server takes from the start of its process until it says that it is ready, empty and full.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { findControlPlane } from '../../test/cluster/control-plane-binaries.ts'
import type { Contender } from '../benchmark.ts'
import { openSession } from './measure.ts'
import { startMeasuredControlPlane, startMeasuredLocalKube, type MeasuredServer } from './server.ts'

const OBJECTS = 10_000
const WRITERS = 32
const real = findControlPlane()

export async function apiServerContenders(): Promise<readonly Contender[]> {
  const directory = await filledDirectory()
  return [
    { name: 'local-kube', round: () => readiness(() => startMeasuredLocalKube()) },
    {
      name: 'local-kube, 10,000 objects',
      round: () => readiness(() => startMeasuredLocalKube(directory)),
      close: async () => rmSync(directory, { recursive: true, force: true }),
    },
    ...(real.type === 'absent'
      ? []
      : [
          {
            name: 'etcd, kube-apiserver',
            round: () => readiness(() => startMeasuredControlPlane(real.binaries)),
          },
        ]),
  ]
}

export const apiServerNotes = (): readonly string[] => [
  `local-kube is the API server alone, killed with SIGKILL and started again on what it kept: nothing, or ${OBJECTS.toLocaleString('en')} ConfigMaps of 0.5 KB.`,
  real.type === 'absent'
    ? `etcd and kube-apiserver did not take part: ${real.reason}`
    : 'etcd and kube-apiserver start one after the other, as a test starts them, and are asked every 100 ms.',
]

async function readiness(start: () => Promise<MeasuredServer>): Promise<{ readonly 'ready ms': number }> {
  const began = performance.now()
  const server = await start()
  const dispatcher = new Agent({ connect: { ca: server.ca } })
  try {
    for (;;) {
      const { statusCode, body } = await request(`${server.url}/readyz`, {
        dispatcher,
        headers: { authorization: `Bearer ${server.token}` },
      })
      await body.dump()
      if (statusCode === 200) return { 'ready ms': performance.now() - began }
    }
  } finally {
    await dispatcher.destroy()
    await server.close()
  }
}

async function filledDirectory(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-filled-'))
  const server = await startMeasuredLocalKube(directory)
  const session = openSession(server)
  let begun = 0
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (begun < OBJECTS) {
        begun += 1
        await session.post(`filling-${begun}`)
      }
    }),
  )
  await session.close()
  await server.close()
  return directory
}
