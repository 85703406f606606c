// Probes against a real server whose health is switched by the test.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { Container } from '../client/kubernetes-types.ts'
import { probeOnce } from './probe-action.ts'
import { startProbing } from './prober.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function patient() {
  const health = { status: 200 }
  const server = createServer((_request, response) => response.writeHead(health.status).end('how I feel'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { health, port: (server.address() as AddressInfo).port }
}

const container = (probes: Partial<Container>): Container => ({
  name: 'main',
  image: 'x',
  ports: [{ name: 'http', containerPort: 8080 }],
  ...probes,
})

function probing(subject: Container, port: number) {
  const heard: string[] = []
  const execute = async () => ({ type: 'success' }) as const
  const handle = startProbing({
    container: subject,
    target: { container: subject, ports: new Map([[8080, port]]), execute },
    listener: {
      started: () => heard.push('started'),
      ready: (isReady) => heard.push(isReady ? 'ready' : 'not ready'),
      unhealthy: (kind) => heard.push(`${kind} unhealthy`),
      dead: (kind) => heard.push(`${kind} dead`),
    },
  })
  cleanUps.push(() => handle.stop())
  const until = async (what: string): Promise<void> => {
    const deadline = Date.now() + 10_000
    while (!heard.includes(what)) {
      if (Date.now() > deadline) throw new Error(`heard only ${heard.join(', ')}`)
      await sleep(10)
    }
  }
  return { heard, until }
}

const http = { httpGet: { path: '/', port: 'http' } }

describe('probing', () => {
  it('without probes counts a running container as started and ready', async () => {
    const { heard, until } = probing(container({}), 1)
    await until('ready')
    expect(heard).toEqual(['started', 'ready'])
  })

  it('is quick to see the first success even when the period is long, and counts no failure until then', async () => {
    const { health, port } = await patient()
    health.status = 500
    const { heard, until } = probing(container({ readinessProbe: { ...http, periodSeconds: 3600 } }), port)
    await sleep(200)
    health.status = 200
    await until('ready')
    expect(heard).toEqual(['started', 'ready'])
  })

  it('holds readiness and liveness back until the startup probe succeeds', async () => {
    const { health, port } = await patient()
    health.status = 500
    const { heard, until } = probing(
      container({ startupProbe: { ...http, periodSeconds: 3600 }, readinessProbe: http }),
      port,
    )
    await sleep(150)
    expect(heard).toEqual([])
    health.status = 200
    await until('ready')
    expect(heard).toEqual(['started', 'ready'])
  })

  it('tells of failures at the threshold, and of recovery', async () => {
    const { health, port } = await patient()
    const probe = { ...http, periodSeconds: 1, failureThreshold: 2 }
    const { heard, until } = probing(
      container({ readinessProbe: probe, livenessProbe: { ...probe, failureThreshold: 3 } }),
      port,
    )
    await until('ready')
    health.status = 500
    await until('not ready')
    await until('liveness dead')
    expect(heard.filter((entry) => entry === 'readiness unhealthy').length).toBeGreaterThanOrEqual(2)
    expect(heard.filter((entry) => entry === 'liveness unhealthy')).toHaveLength(3)
    health.status = 200
    heard.length = 0
    await until('ready')
  })
})

describe('one attempt', () => {
  const attempt = (probe: Parameters<typeof probeOnce>[0]['probe'], port: number) =>
    probeOnce({
      probe,
      target: {
        container: container({}),
        ports: new Map([[8080, port]]),
        execute: async (command) =>
          command[0] === 'true' ? { type: 'success' } : { type: 'failure', message: 'exit 1' },
      },
    })

  it('reaches a containerPort by number or name at its real port, over HTTP and TCP', async () => {
    const { port } = await patient()
    expect(await attempt(http, port)).toEqual({ type: 'success' })
    expect(await attempt({ httpGet: { port: 8080 } }, port)).toEqual({ type: 'success' })
    expect(await attempt({ tcpSocket: { port: 8080 } }, port)).toEqual({ type: 'success' })
    expect(await attempt({ exec: { command: ['true'] } }, port)).toEqual({ type: 'success' })
  })

  it('says what was wrong', async () => {
    const { health, port } = await patient()
    health.status = 503
    expect(await attempt(http, port)).toEqual({
      type: 'failure',
      message: 'HTTP probe failed with statuscode: 503: how I feel',
    })
    expect(await attempt({ tcpSocket: { port: 'nope' } }, port)).toEqual({
      type: 'failure',
      message: 'the container declares no port named "nope"',
    })
    expect(await attempt({ tcpSocket: { port: 1 } }, port)).toMatchObject({ type: 'failure' })
  })
})
