/**
 * The API server is held to the conformance table. CONFORMANCE_URL, CONFORMANCE_CA (a file) and CONFORMANCE_TOKEN point
 * the same table at another server, such as a real kube-apiserver.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApiServer } from '../src/index.ts'
import { conformanceClient, missing } from './conformance-runner.ts'
import type { Target } from './conformance-runner.ts'
import { definition, table } from './conformance-table.ts'

const namespace = `conformance-${Date.now().toString(36)}`
const remembered = new Map<string, string>()
let client: ReturnType<typeof conformanceClient>
let stop: () => Promise<void> = async () => undefined

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
  stop = server.close
  return { url: server.url, ca: server.caCertificate, token: server.token }
}

const fill = (value: unknown): unknown =>
  typeof value === 'string'
    ? value
        .replaceAll('{ns}', namespace)
        .replaceAll(/\{rv:(\w+)\}/g, (_, name: string) => remembered.get(name) ?? '')
    : Array.isArray(value)
      ? value.map(fill)
      : typeof value === 'object' && value !== null && !(value instanceof RegExp)
        ? Object.fromEntries(Object.entries(value).map(([key, child]) => [key, fill(child)]))
        : value

describe('an API server', () => {
  beforeAll(async () => {
    client = conformanceClient(await target())
    await client.send({
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    })
    await client.send({
      method: 'POST',
      path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      body: definition,
    })
    // Elsewhere a definition takes a moment to be served.
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const { status } = await client.send({
        method: 'GET',
        path: `/apis/conformance.example.com/v1/namespaces/${namespace}/widgets`,
      })
      if (status === 200) break
      await sleep(100)
    }
  })

  afterAll(async () => {
    await client.send({
      method: 'DELETE',
      path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${definition.metadata.name}`,
    })
    await client.send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` })
    await client.close()
    await stop()
  })

  test.each(table)('$name', async (row) => {
    const answer = await client.send({ ...row, path: fill(row.path) as string, body: fill(row.body) })
    const version = (answer.body as { metadata?: { resourceVersion?: string } } | null)?.metadata
      ?.resourceVersion
    if (row.remember !== undefined && version !== undefined) remembered.set(row.remember, version)
    expect({ status: answer.status, body: answer.status === row.status ? undefined : answer.body }).toEqual({
      status: row.status,
      body: undefined,
    })
    expect(row.has === undefined ? [] : missing(fill(row.has), answer.body)).toEqual([])
  })
})
