/** A TCP proxy in front of a server whose connections a test can cut, as a network does. Knows nothing of TLS or HTTP. */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface CuttingProxy {
  /** The server's URL with the proxy's address. */
  readonly url: string
  readonly connections: () => number
  /** Resets new connections too. */
  readonly refuse: (refuses: boolean) => void
  /** Resets what is open now; new connections pass. */
  readonly cut: () => void
  readonly close: () => Promise<void>
}

/** `target` is asked for each connection: the server may move. */
export async function startCuttingProxy(target: () => string): Promise<CuttingProxy> {
  const { protocol } = new URL(target())
  let refuses = false
  const open = new Set<Socket>()
  const server = createServer((client) => {
    if (refuses) {
      client.resetAndDestroy()
      return
    }
    const { hostname, port } = new URL(target())
    const upstream = connect({ host: hostname, port: Number(port) })
    client.setNoDelay(true)
    upstream.setNoDelay(true)
    open.add(client)
    client.on('error', () => upstream.destroy())
    client.on('close', () => {
      open.delete(client)
      upstream.destroy()
    })
    upstream.on('error', () => client.destroy())
    upstream.on('close', () => client.destroy())
    client.pipe(upstream).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const client of open) client.resetAndDestroy()
  }
  return {
    url: `${protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => open.size,
    cut,
    refuse: (next) => {
      refuses = next
      if (refuses) cut()
    },
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      cut()
      return closed
    },
  }
}
