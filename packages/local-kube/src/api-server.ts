/** Puts the API server together: store, registry, routes, TLS. One call starts it, `close` ends it. */
import { STATUS_CODES, createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { hostname } from 'node:os'
import type { Admission } from './admission/admission.ts'
import { Webhooks } from './admission/webhooks.ts'
import { reviewRoutes } from './auth/reviews.ts'
import { tokenRoute } from './auth/token-request.ts'
import { API_AUDIENCE, Tokens } from './auth/tokens.ts'
import type { Logger } from './client/logger.ts'
import { openAuthority } from './certificates/authority.ts'
import type { ServingCertificates } from './certificates/authority.ts'
import { bindingRoute } from './http/binding-route.ts'
import { answerDiscovery } from './http/discovery.ts'
import { Exchange } from './http/exchange.ts'
import { Metrics } from './http/metrics.ts'
import { parseResourcePath } from './http/request-info.ts'
import { ResourceReader } from './http/resource-reader.ts'
import { ResourceRoutes } from './http/resource-routes.ts'
import { nodeRoutes } from './http/node-routes.ts'
import { kubeconfig } from './kubeconfig.ts'
import { OpenApi } from './openapi/openapi-v3.ts'
import { startCrdCleanup } from './resources/crd-cleanup.ts'
import { ObjectWriter } from './resources/object-writer.ts'
import { Registry } from './resources/registry.ts'
import { prepareCluster } from './resources/initial-objects.ts'
import {
  NoSuchPathError,
  StatusError,
  badRequest,
  internalError,
  noSuchPath,
  unauthorized,
} from './status-error.ts'
import { openSqliteLog } from './storage/sqlite-log.ts'
import { Store } from './storage/store.ts'

export interface ApiServerOptions {
  /** Where objects, keys and certificates are kept; without it everything is in memory. */
  readonly directory?: string | undefined
  readonly host?: string
  readonly port?: number
  readonly tls?: boolean
  readonly logger?: Logger | undefined
  /** The administrator's bearer token; made (and kept in the directory) when absent. */
  readonly adminToken?: string | undefined
  /** PEM of the authority that signed the nodes' serving certificates, when it is not the server's own. */
  readonly kubeletCa?: string | undefined
  readonly now?: () => number
}

export interface ApiServer {
  readonly url: string
  /** PEM; empty when TLS is off. */
  readonly caCertificate: string
  /** The administrator's bearer token. */
  readonly token: string
  readonly kubeconfig: (options?: { readonly namespace?: string }) => string
  /** Issues a serving certificate of the server's authority (for a node's kubelet endpoint, a webhook). */
  readonly issueCertificate: (request: {
    readonly commonName: string
    readonly hosts: readonly string[]
  }) => Promise<{ readonly certificate: string; readonly key: string }>
  readonly close: () => Promise<void>
}

const VERSION = {
  major: '1',
  minor: '34',
  emulationMajor: '1',
  emulationMinor: '34',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '33',
  gitVersion: 'v1.34.4+local-kube',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `${process.platform}/${process.arch}`,
}

export async function startApiServer({
  directory,
  host = '127.0.0.1',
  port = 0,
  tls = true,
  logger,
  adminToken,
  kubeletCa,
  now = Date.now,
}: ApiServerOptions = {}): Promise<ApiServer> {
  const store = new Store(directory === undefined ? {} : { log: openSqliteLog({ directory }) })
  try {
    const certificates = tls ? await openAuthority({ directory, hosts: servingHosts(host) }) : undefined
    return await listen({ store, certificates, directory, host, port, logger, adminToken, kubeletCa, now })
  } catch (error) {
    store.close()
    throw error
  }
}

const servingHosts = (host: string): readonly string[] => [
  ...new Set([
    '127.0.0.1',
    '::1',
    'localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    hostname(),
    ...(host === '0.0.0.0' || host === '::' ? [] : [host]),
  ]),
]

interface Parts {
  readonly store: Store
  readonly certificates: ServingCertificates | undefined
  readonly directory: string | undefined
  readonly host: string
  readonly port: number
  readonly logger: Logger | undefined
  readonly adminToken: string | undefined
  readonly kubeletCa: string | undefined
  readonly now: () => number
}

async function listen({
  store,
  certificates,
  directory,
  host,
  port,
  logger,
  adminToken,
  kubeletCa,
  now,
}: Parts): Promise<ApiServer> {
  const tokens = new Tokens({ directory, adminToken, now })
  const registry = new Registry(store)
  const metrics = new Metrics()
  const webhooks = new Webhooks({ store, registry })
  const admission: Admission = webhooks
  const reader = new ResourceReader({ store, now })
  const writer = new ObjectWriter({ store, admission, now })
  const openApi = new OpenApi(registry)
  const nodes = nodeRoutes({
    store,
    ca: kubeletCa ?? certificates?.caCertificate,
    token: () => tokens.adminToken,
  })
  const routes = new ResourceRoutes({
    store,
    registry,
    reader,
    writer,
    now,
    special: new Map([
      ...nodes.routes,
      ['/serviceaccounts/token', tokenRoute({ store, tokens })],
      ['/pods/binding', bindingRoute({ writer, now })],
    ]),
  })
  const reviews = reviewRoutes({ store, tokens })
  await prepareCluster({ store, writer, registry })
  const stopCleanup = startCrdCleanup({ store, writer, registry })

  const answer = async (exchange: Exchange): Promise<void> => {
    const { pathname } = exchange
    switch (pathname) {
      case '/healthz':
      case '/livez':
      case '/readyz':
        return exchange.text('ok')
      case '/version':
        return exchange.json(VERSION)
    }
    authenticate(exchange, tokens, store)
    if (pathname === '/metrics')
      return exchange.text(metrics.render({ store, watches: reader.watchCount }), {
        contentType: 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
      })
    if (pathname === '/openid/v1/jwks') return exchange.json(tokens.jwks())
    if (pathname === '/.well-known/openid-configuration') {
      return exchange.json({
        issuer: tokens.issuer,
        jwks_uri: `${url}/openid/v1/jwks`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
      })
    }
    if (pathname === '/')
      return exchange.json({
        paths: ['/api', '/apis', '/healthz', '/livez', '/metrics', '/openapi/v3', '/readyz', '/version'],
      })
    if (pathname.startsWith('/openapi/')) return openApi.answer(exchange)
    if (answerDiscovery({ exchange, registry })) return
    const path = parseResourcePath(pathname)
    if (path === undefined) throw noSuchPath()
    const review = reviews.get(`${path.group}/${path.plural}`)
    if (review !== undefined && path.version === 'v1' && path.name === undefined) return review(exchange)
    if (!registry.servesGroup(path)) throw noSuchPath()
    return routes.answer(exchange, path)
  }

  const listener: RequestListener = (request: IncomingMessage, response: ServerResponse) => {
    let exchange: Exchange
    try {
      exchange = new Exchange(request, response)
    } catch {
      answerBadRequest(request.socket, 400)
      return
    }
    response.setHeader('Audit-Id', crypto.randomUUID())
    const began = performance.now()
    response.on('finish', () =>
      metrics.count({
        method: exchange.method,
        code: response.statusCode,
        milliseconds: performance.now() - began,
      }),
    )
    answer(exchange).catch((error: unknown) => {
      if (error instanceof NoSuchPathError && !response.headersSent) {
        request.resume()
        exchange.text(error.text, { code: 404 })
        return
      }
      const status = error instanceof StatusError ? error : internalError((error as Error).message)
      if (!(error instanceof StatusError))
        logger?.error({ err: error, method: request.method, url: request.url }, 'request failed')
      if (response.headersSent) {
        response.destroy()
        return
      }
      if (status.details?.retryAfterSeconds !== undefined)
        response.setHeader('Retry-After', String(status.details.retryAfterSeconds))
      refuse({ exchange, status })
    })
  }

  const server: Server =
    certificates === undefined
      ? createHttpServer(listener)
      : createHttpsServer(
          { key: certificates.key, cert: certificates.certificate, minVersion: 'TLSv1.2' },
          listener,
        )
  server.keepAliveTimeout = 90_000
  server.requestTimeout = 0
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
    answerBadRequest(socket, error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400),
  )
  const sockets = new Set<Socket>()
  server.on(certificates === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    socket.setNoDelay(true)
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (_request, socket) => {
    // exec, attach and port-forward ask for an upgrade; they are refused in words rather than by a hang.
    const status = JSON.stringify(
      new StatusError({
        code: 501,
        reason: 'NotImplemented',
        message: 'exec, attach and port-forward are not served by local-kube',
      }).toStatus(),
    )
    socket.end(
      `HTTP/1.1 501 Not Implemented\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(status)}\r\nConnection: close\r\n\r\n${status}`,
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(cause.code === 'EADDRINUSE' ? new PortTakenError({ host, port, cause }) : cause),
    )
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
  const address = server.address() as AddressInfo
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  const url = `${certificates === undefined ? 'http' : 'https'}://${shown.includes(':') ? `[${shown}]` : shown}:${address.port}`
  const caCertificate = certificates?.caCertificate ?? ''

  return {
    url,
    caCertificate,
    token: tokens.adminToken,
    kubeconfig: (options) =>
      kubeconfig({ url, caCertificate, token: tokens.adminToken, namespace: options?.namespace }),
    issueCertificate: async (request) => {
      if (certificates === undefined) throw new Error('cannot issue a certificate: TLS is off')
      return certificates.issue(request)
    },
    close: async () => {
      stopCleanup()
      reader.closeWatches()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // Answers on their way are finished; what idles or streams is cut.
      server.closeIdleConnections()
      const cut = setTimeout(() => sockets.forEach((socket) => socket.destroy()), 500)
      await closed
      clearTimeout(cut)
      await Promise.all([nodes.close(), webhooks.close()])
      store.close()
    },
  }
}

/** A refused body is of no use, so the connection is not used again. */
function refuse({ exchange, status }: { exchange: Exchange; status: StatusError }): void {
  const { request, response } = exchange
  if (request.complete) {
    exchange.json(status.toStatus(), { code: status.code })
    return
  }
  response.setHeader('Connection', 'close')
  // The end of the answer ends the connection. Reading on for a while before it lets the client finish and see the
  // answer, instead of a broken connection.
  const isRead = new Promise<void>((resolve) => {
    const patience = setTimeout(resolve, UNREAD_BODY_MILLISECONDS)
    request.once('end', resolve).once('close', resolve)
    request.once('close', () => clearTimeout(patience)).resume()
  })
  exchange.json(status.toStatus(), { code: status.code, endsAfter: isRead })
}

const UNREAD_BODY_MILLISECONDS = 5_000

/** What is no HTTP request, or one whose headers are too long, is answered in the words of all other refusals. */
function answerBadRequest(socket: Socket, code: 400 | 431): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const status =
    code === 400
      ? badRequest('the request is not valid HTTP')
      : new StatusError({
          code,
          reason: 'RequestHeaderFieldsTooLarge',
          message: 'the headers of the request are too large',
        })
  const text = JSON.stringify(status.toStatus())
  socket.end(
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  )
}

/** The address is another process's. */
class PortTakenError extends Error {
  readonly code = 'PortTaken'
  readonly remedy = 'stop the process that listens there, or choose another port (0 takes a free one)'
  constructor({ host, port, cause }: { host: string; port: number; cause: unknown }) {
    super(`cannot start the API server: port ${port} on ${host} is taken`, { cause })
    this.name = 'PortTakenError'
  }
}

function authenticate(exchange: Exchange, tokens: Tokens, store: Store): void {
  const header = exchange.request.headers.authorization ?? ''
  const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1]
  const verified = token === undefined ? undefined : tokens.verify(token)
  if (verified === undefined || !verified.audiences.includes(API_AUDIENCE)) throw unauthorized()
  if (verified.serviceAccount !== undefined) {
    const { namespace, name, uid } = verified.serviceAccount
    const account = store.get({ bucket: '/serviceaccounts', namespace, name })
    if ((account?.object['metadata'] as { uid?: string } | undefined)?.uid !== uid) throw unauthorized()
  }
  exchange.user = verified.user
}
