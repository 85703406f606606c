// The agent's two health endpoints on a bare HTTP server: it must answer within a second of the start, before anything
// heavy is loaded, so it depends on nothing.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

/** Serves /healthz (the process runs) and /readyz (it takes tasks). `host` is left to the machine where unset. */
export const startHealth = ({
  port,
  host,
  isReady,
}: {
  readonly port: number
  readonly host?: string
  readonly isReady: () => boolean
}): Promise<HealthServer> => {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    const known = path === '/healthz' || path === '/readyz'
    const ok = path === '/healthz' || (path === '/readyz' && isReady())
    response.writeHead(known ? (ok ? 200 : 503) : 404, { 'content-type': 'text/plain' })
    response.end(known ? (ok ? 'ok\n' : 'not ready\n') : 'not found\n')
  })
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      resolve({ port: (server.address() as AddressInfo).port, close })
    })
  })
}
