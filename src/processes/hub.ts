// The hub as a process part: its application on a real port, with a shutdown that lets nobody wait.

import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { KubeswarmError } from '../domain/error.ts'
import { createHubApp } from '../hub/app.ts'
import type { HubContext } from '../hub/context.ts'
import { createDoor } from '../hub/door.ts'
import { createHubMetrics } from '../hub/metrics.ts'
import { refuseEarly } from '../hub/refuse-early.ts'
import type { Authenticator } from '../ports/authenticator.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventCatalog } from '../ports/event-catalog.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'
import { openPort, type OpenPort } from './open-port.ts'

const HUB_PORT = 8092
const LEASE_MS = 10_000
/** Requests in flight get this long when the hub shuts down; long polls and streams end at once. */
const CLOSE_GRACE_MS = 5000
const CLOSE_SWEEP_MS = 25

interface HubConfig {
  readonly store: Store
  readonly authenticator: Authenticator
  /** Without one, no webhook is known and every delivery is a stranger's. */
  readonly events?: EventCatalog
  readonly host: string
  /** Default 8092; 0 takes a free one. */
  readonly port?: number
  readonly clock: Clock
  readonly logger: Logger
  readonly leaseMs?: number
}

const nobody: EventCatalog = {
  find: () => Promise.resolve(undefined),
  ended: () => Promise.resolve(undefined),
}

export interface RunningHub {
  readonly url: string
  /** Stops accepting, ends long polls and streams, lets the rest finish. The store stays open. */
  close(): Promise<void>
}

/** Throws KubeswarmError `PortTaken`. */
export const startHub = async ({
  store,
  authenticator,
  events = nobody,
  host,
  port = HUB_PORT,
  clock,
  logger,
  leaseMs = LEASE_MS,
}: HubConfig): Promise<RunningHub> => {
  const closing = new AbortController()
  const context: HubContext = {
    store,
    authenticator,
    events,
    clock,
    logger,
    newId: randomUUID,
    closing: closing.signal,
    leaseMs,
    metrics: createHubMetrics(),
  }
  const door = createDoor(context)
  const server = createServer(
    {
      // Slow senders hold a socket, not memory: headers 5 s, the whole request 30 s.
      headersTimeout: 5000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 1000,
    },
    refuseEarly({ context, door, application: getRequestListener(createHubApp(context, door).fetch) }),
  )
  const open = await openPort({ server, host, port }).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EADDRINUSE' ? portTaken({ host, port, cause }) : cause
  })
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${open.port}`
  logger.info({ url }, 'hub listens')
  return {
    url,
    close: () => closeServer({ server, open, closing, clock }),
  }
}

const portTaken = ({
  host,
  port,
  cause,
}: {
  readonly host: string
  readonly port: number
  readonly cause: unknown
}): KubeswarmError =>
  new KubeswarmError({
    code: 'PortTaken',
    message: `cannot start the hub: port ${port} on ${host} is taken`,
    remedy: `stop the process that listens there, or choose another port (--hub-port 0 takes a free one)`,
    cause,
  })

const closeServer = async ({
  server,
  open,
  closing,
  clock,
}: {
  readonly server: Server
  readonly open: OpenPort
  readonly closing: AbortController
  readonly clock: Clock
}): Promise<void> => {
  closing.abort()
  if (!server.listening) return
  const closed = open.close()
  const deadline = clock.monotonic() + CLOSE_GRACE_MS
  // A connection that was busy a moment ago stays open for its next request unless somebody closes it.
  const sweep = (): void => {
    if (clock.monotonic() < deadline) server.closeIdleConnections()
    else server.closeAllConnections()
    stopTimer = clock.after(CLOSE_SWEEP_MS, sweep)
  }
  let stopTimer = clock.after(0, sweep)
  await closed
  stopTimer()
}
