// A small HTTP server for handlers in the shape of `fetch`. It reads the body up to a limit before the handler runs,
// so that a handler never waits for a slow sender, and streams the answer out.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { KubeswarmError } from '../../domain/error.ts'

export interface ServedRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly body: string
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal
  /** Cuts the connection without an answer. */
  readonly cut: () => void
}

export interface ServedPort {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export const serve = async ({
  port,
  host,
  maxBodyBytes = 4 * 1024 * 1024,
  handle,
}: {
  readonly port: number
  readonly host: string
  readonly maxBodyBytes?: number
  readonly handle: (request: ServedRequest) => Promise<Response>
}): Promise<ServedPort> => {
  const server = createServer((incoming, outgoing) => {
    void answer({ incoming, outgoing, maxBodyBytes, handle })
  })
  await listen({ server, port, host })
  const bound = (server.address() as AddressInfo).port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const listen = ({ server, port, host }: { server: Server; port: number; host: string }): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new KubeswarmError({
              code: 'PortTaken',
              message: `cannot listen on ${host}:${port}: the port is taken`,
              remedy: 'choose another port, or stop the process that holds it',
              cause,
            })
          : cause,
      )
    })
    server.listen(port, host, () => resolve())
  })

const answer = async ({
  incoming,
  outgoing,
  maxBodyBytes,
  handle,
}: {
  incoming: IncomingMessage
  outgoing: ServerResponse
  maxBodyBytes: number
  handle: (request: ServedRequest) => Promise<Response>
}): Promise<void> => {
  const gone = new AbortController()
  outgoing.on('close', () => gone.abort())
  try {
    const body = await readBody({ incoming, maxBodyBytes })
    if (body === undefined) {
      outgoing.writeHead(413, { connection: 'close' }).end()
      return
    }
    const response = await handle({
      method: incoming.method ?? 'GET',
      url: new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? 'localhost'}`),
      headers: headersOf(incoming),
      body,
      signal: gone.signal,
      cut: () => outgoing.destroy(),
    })
    await send({ response, outgoing })
  } catch (error) {
    if (outgoing.headersSent || outgoing.destroyed) outgoing.destroy()
    else outgoing.writeHead(500, { 'content-type': 'text/plain' }).end(`${String(error)}\n`)
  }
}

const headersOf = (incoming: IncomingMessage): Headers => {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  return headers
}

const readBody = async ({
  incoming,
  maxBodyBytes,
}: {
  incoming: IncomingMessage
  maxBodyBytes: number
}): Promise<string | undefined> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const send = async ({
  response,
  outgoing,
}: {
  response: Response
  outgoing: ServerResponse
}): Promise<void> => {
  if (outgoing.destroyed) {
    await response.body?.cancel()
    return
  }
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body === null) {
    outgoing.end()
    return
  }
  outgoing.flushHeaders()
  const reader = response.body.getReader()
  outgoing.on('close', () => void reader.cancel().catch(() => undefined))
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (!outgoing.write(value))
      await new Promise<void>((resolve) => outgoing.once('drain', resolve).once('close', resolve))
    if (outgoing.destroyed) return
  }
  outgoing.end()
}
