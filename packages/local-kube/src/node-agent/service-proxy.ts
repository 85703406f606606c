// One loopback port with two doors to Services: `GET /resolve/<namespace>?host=…&port=…` answers where a name leads (for
// programs that ask), and everything in proxy form (absolute URL, CONNECT) is carried there (for programs that only
// know HTTP_PROXY). Hosts that are no Services are passed on as they are.

import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ServiceResolver } from './service-resolver.ts'

export interface ServiceProxy {
  /** For HTTP_PROXY. */
  readonly proxyUrl: string
  /** For LOCAL_KUBE_RESOLVER of a process in that namespace. */
  resolverUrl(namespace: string): string
  close(): Promise<void>
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'transfer-encoding',
  'upgrade',
  'te',
])

export async function startServiceProxy({
  resolver,
}: {
  readonly resolver: ServiceResolver
}): Promise<ServiceProxy> {
  const sockets = new Set<Duplex>()
  const server: Server = createServer((request, response) => {
    if (request.url?.startsWith('/') === true) answer(resolver, request, response)
    else forward(resolver, request, response)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('connect', (request, client, head) => tunnel(resolver, request, client, head))
  server.on('clientError', (_error, socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    proxyUrl: url,
    resolverUrl: (namespace) => `${url}/resolve/${encodeURIComponent(namespace)}`,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      return closed
    },
  }
}

function answer(resolver: ServiceResolver, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const [, verb, namespace] = url.pathname.split('/')
  const host = url.searchParams.get('host')
  if (verb !== 'resolve' || host === null) {
    send(response, 404, { error: 'ask GET /resolve/<namespace>?host=<service host>&port=<port>' })
    return
  }
  const resolution = resolver.resolve({
    host,
    port: Number(url.searchParams.get('port') ?? 80),
    namespace: namespace === undefined ? undefined : decodeURIComponent(namespace),
  })
  switch (resolution.type) {
    case 'found':
      return send(response, 200, { host: resolution.host, port: resolution.port })
    case 'not-a-service':
      return send(response, 404, { error: `"${host}" is not a service of this cluster` })
    case 'unavailable':
      return send(response, 404, { error: resolution.message })
  }
}

function forward(resolver: ServiceResolver, request: IncomingMessage, response: ServerResponse): void {
  const url = URL.parse(request.url ?? '')
  if (url === null || url.protocol !== 'http:')
    return send(response, 400, { error: 'only http:// URLs can be forwarded' })
  const target = targetOf(resolver, url.hostname, Number(url.port || 80))
  if (target.type === 'unavailable') return send(response, 503, { error: target.message })
  const upstream = httpRequest({
    host: target.host,
    port: target.port,
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers: withoutHopByHop({ ...request.headers, host: url.host }),
  })
  upstream.on('response', (reply) => {
    response.writeHead(reply.statusCode ?? 502, withoutHopByHop(reply.headers))
    reply.pipe(response)
    reply.on('error', () => response.destroy())
  })
  upstream.on('error', (error) => {
    if (response.headersSent) response.destroy()
    else send(response, 502, { error: `${url.host}: ${error.message}` })
  })
  response.on('close', () => upstream.destroy())
  request.pipe(upstream)
}

function tunnel(resolver: ServiceResolver, request: IncomingMessage, client: Duplex, head: Buffer): void {
  client.on('error', () => client.destroy())
  const url = URL.parse(`http://${request.url ?? ''}`)
  const target = url && targetOf(resolver, url.hostname, Number(url.port || 80))
  if (target === null || target.type === 'unavailable') {
    client.end(`HTTP/1.1 503 Service Unavailable\r\n\r\n${target?.message ?? 'no such address'}\n`)
    return
  }
  const upstream = connect({ host: target.host, port: target.port }, () => {
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    if (head.length > 0) upstream.write(head)
    upstream.pipe(client).pipe(upstream)
  })
  upstream.on('error', () => client.destroy())
  upstream.on('close', () => client.destroy())
  client.on('close', () => upstream.destroy())
}

function targetOf(resolver: ServiceResolver, host: string, port: number) {
  const resolution = resolver.resolve({ host, port })
  return resolution.type === 'not-a-service' ? ({ type: 'found', host, port } as const) : resolution
}

function withoutHopByHop<T extends Readonly<Record<string, unknown>>>(
  headers: T,
): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => value !== undefined && !hopByHop.has(name)),
  ) as Record<string, string | string[]>
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
