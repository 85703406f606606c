// The node's own HTTPS endpoint, which the API server asks for logs (`kubectl logs`) and figures. Loopback only. Whoever
// asks must either be the API server's client (a bearer token that TokenReview accepts with the right to the node, or a
// certificate of the authority it was given) or hold the node's token; its own certificate is self-signed, as a kubelet's is.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { parseLogOptions } from './log-options.ts'
import type { LogSource } from './pod-worker.ts'
import { streamLog } from './stream-log.ts'

export interface KubeletServer {
  readonly port: number
  close(): Promise<void>
}

export interface LogKey {
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

export interface KubeletSource {
  /** `not-here`: no such pod on this node. */
  log(
    key: LogKey & { readonly previous: boolean },
  ): LogSource | { readonly type: 'not-here'; readonly message: string }
  /** The body of /stats/summary. */
  stats(): object
  isAllowed(request: {
    readonly token: string | undefined
    readonly verb: string
    readonly path: string
  }): Promise<boolean>
}

export async function startKubeletServer({
  certificate,
  clientAuthority,
  source,
}: {
  /** PEM: whoever has a certificate of it may ask. */
  readonly clientAuthority?: string | undefined
  readonly certificate: { readonly certificate: string; readonly key: string }
  readonly source: KubeletSource
}): Promise<KubeletServer> {
  const server = createServer(
    {
      cert: certificate.certificate,
      key: certificate.key,
      // Without a certificate a bearer token may do.
      ...(clientAuthority !== undefined && {
        ca: clientAuthority,
        requestCert: true,
        rejectUnauthorized: false,
      }),
    },
    (request, response) => {
      handle(source, request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy()
        else text(response, 500, String(error))
      })
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}

async function handle(
  source: KubeletSource,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://localhost')
  if (url.pathname === '/healthz') return text(response, 200, 'ok')
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
  const verb = (request.method ?? 'GET').toLowerCase()
  const isKnown = (request.socket as TLSSocket).authorized
  if (!isKnown && !(await source.isAllowed({ token, verb, path: url.pathname })))
    return text(response, 401, 'Unauthorized')
  if (url.pathname === '/stats/summary') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(source.stats()))
    return
  }
  const [, door, namespace = '', pod = '', container = ''] = url.pathname.split('/').map(decodeURIComponent)
  if (door !== 'containerLogs' || container === '')
    return text(response, 404, `there is no ${url.pathname} on this node`)
  await sendLogs(source, { namespace, pod, container }, url.searchParams, response)
}

async function sendLogs(
  source: KubeletSource,
  key: LogKey,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const parsed = parseLogOptions({ query, now: Date.now() })
  if (parsed.type === 'invalid') return text(response, 400, parsed.message)
  const found = source.log({ ...key, previous: parsed.options.previous })
  if (found.type !== 'found') return text(response, found.type === 'absent' ? 400 : 404, found.message)
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
  // A follower must see at once that it is connected, even while the container is silent.
  response.flushHeaders()
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  await streamLog({ log: found.log, options: parsed.options, output: response, signal: gone.signal }).catch(
    (error: unknown) => {
      if (!gone.signal.aborted) throw error
    },
  )
  response.end()
}

function text(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(message)
}
