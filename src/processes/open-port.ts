// A server's port, opened so that nobody waits behind the new connections of a flood. Node takes one connection a turn
// of its loop from a listening socket, and a turn is long while there is much to do: with several sockets on one port,
// among which the kernel spreads who comes, that many are taken at once.

import type { Server } from 'node:http'
import { createServer as createSocketServer, type AddressInfo, type Server as SocketServer } from 'node:net'

const SOCKETS = 8
/** Elsewhere the kernel does not spread connections. */
const spreads = process.platform === 'linux'

export interface OpenPort {
  readonly port: number
  /** Takes no more connections; resolves when those that there are have ended. */
  close(): Promise<void>
}

/** Rejects with what the first `listen` says. */
export const openPort = async ({
  server,
  host,
  port,
}: {
  readonly server: Server
  readonly host: string
  readonly port: number
}): Promise<OpenPort> => {
  if (!spreads) {
    await listening(server, { host, port })
    return { port: portOf(server), close: () => closed(server) }
  }
  // A port can be shared with whoever shares it as well, another hub too: one socket that does not share finds out
  // whether it is free.
  const first = createSocketServer()
  await listening(first, { host, port })
  const free = portOf(first)
  await closed(first)
  const others = Array.from({ length: SOCKETS - 1 }, () =>
    createSocketServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket)),
  )
  const all = [server, ...others]
  const close = async (): Promise<void> => void (await Promise.all(all.map(closed)))
  try {
    await Promise.all(all.map((each) => listening(each, { host, port: free, reusePort: true })))
  } catch (error) {
    await close()
    throw error
  }
  return { port: free, close }
}

const listening = (
  server: SocketServer,
  options: { readonly host: string; readonly port: number; readonly reusePort?: boolean },
): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => resolve())
  })

const closed = (server: SocketServer): Promise<void> =>
  new Promise((resolve) => void server.close(() => resolve()))

const portOf = (server: SocketServer): number => (server.address() as AddressInfo).port
