// The proxy in front of a real server, over real sockets, with the objects an endpoints controller would write.

import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { ProxyAgent, request } from 'undici'
import type { EndpointSlice, Service } from '../client/kubernetes-types.ts'
import { startServiceProxy, type ServiceProxy } from './service-proxy.ts'
import { createServiceResolver, indexByService } from './service-resolver.ts'

const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function scene(): Promise<{ proxy: ServiceProxy; port: number }> {
  const server = createServer((incoming, response) => {
    response.end(JSON.stringify({ url: incoming.url, host: incoming.headers.host }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const metadata = { name: 'mock-slack', namespace: 'incident-response', uid: 'u', resourceVersion: '1' }
  const services: readonly Service[] = [
    { metadata, spec: { ports: [{ name: 'mcp', port: 8080 }] } },
    { metadata: { ...metadata, name: 'idle' }, spec: { ports: [{ port: 80 }] } },
  ]
  const slices: readonly EndpointSlice[] = [
    {
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'mock-slack' } },
      addressType: 'IPv4',
      ports: [{ name: 'mcp', port, protocol: 'TCP' }],
      endpoints: [
        { addresses: ['127.0.0.2'], conditions: { ready: false } },
        { addresses: ['127.0.0.1'], conditions: { ready: true } },
      ],
    },
  ]
  const resolver = createServiceResolver({
    services: {
      get: ({ namespace, name }) =>
        services.find(
          (service) => service.metadata.name === name && service.metadata.namespace === namespace,
        ),
    },
    slices: { indexed: (key) => slices.filter((slice) => indexByService(slice).includes(key)) },
  })
  const proxy = await startServiceProxy({ resolver })
  cleanUps.push(
    () => proxy.close(),
    async () => {
      server.closeAllConnections()
      server.close()
    },
  )
  return { proxy, port }
}

const ask = async (proxy: ServiceProxy, host: string, port: number) => {
  const reply = await request(`${proxy.resolverUrl('incident-response')}?host=${host}&port=${port}`)
  return { status: reply.statusCode, body: await reply.body.json() }
}

describe('the service resolver', () => {
  it.each([
    'mock-slack.incident-response.svc',
    'mock-slack.incident-response.svc.cluster.local',
    'mock-slack.incident-response',
    'mock-slack',
  ])('leads %s to the ready endpoint', async (host) => {
    const { proxy, port } = await scene()
    expect(await ask(proxy, host, 8080)).toEqual({ status: 200, body: { host: '127.0.0.1', port } })
  })

  it('says 404 with the reason for what is no Service and for a Service that cannot be reached', async () => {
    const { proxy } = await scene()
    expect((await ask(proxy, 'example.com', 80)).status).toBe(404)
    expect(await ask(proxy, 'idle.incident-response.svc', 80)).toEqual({
      status: 404,
      body: { error: 'service idle.incident-response.svc has no ready endpoint' },
    })
    expect((await ask(proxy, 'mock-slack.incident-response.svc', 1)).body).toEqual({
      error: 'service mock-slack.incident-response.svc has no port 1; it has 8080',
    })
  })
})

describe('the service proxy', () => {
  it('carries plain requests to Services and to other hosts', async () => {
    const { proxy, port } = await scene()
    const dispatcher = new ProxyAgent({ uri: proxy.proxyUrl, proxyTunnel: false })
    cleanUps.push(() => dispatcher.close())
    const reply = await request('http://mock-slack.incident-response.svc:8080/mcp?x=1', { dispatcher })
    expect(await reply.body.json()).toEqual({
      url: '/mcp?x=1',
      host: 'mock-slack.incident-response.svc:8080',
    })
    const direct = await request(`http://127.0.0.1:${port}/direct`, { dispatcher })
    expect(await direct.body.json()).toMatchObject({ url: '/direct' })
  })

  it('carries CONNECT tunnels', async () => {
    const { proxy } = await scene()
    const dispatcher = new ProxyAgent({ uri: proxy.proxyUrl, proxyTunnel: true })
    cleanUps.push(() => dispatcher.close())
    const reply = await request('http://mock-slack.incident-response.svc:8080/tunnel', { dispatcher })
    expect(await reply.body.json()).toMatchObject({ url: '/tunnel' })
  })

  it('closes with connections open', async () => {
    const { proxy } = await scene()
    const socket = connect(Number(new URL(proxy.proxyUrl).port), '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    await expect(proxy.close()).resolves.toBeUndefined()
    socket.destroy()
  })
})
