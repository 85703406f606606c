// Connections that go where a host resolver says. The name in the URL stays the name for TLS and for the Host header;
// only the address changes.

import { Agent, buildConnector } from 'undici'

import { dnsResolver, type Endpoint, type HostResolver } from './service-resolver.ts'

export const resolvingAgent = ({
  resolver = dnsResolver,
  connectTimeoutMs,
  idleTimeoutMs,
}: {
  readonly resolver?: HostResolver
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
}): Agent => {
  const connector = buildConnector({ timeout: connectTimeoutMs })

  const connectOnce = async (options: buildConnector.Options): Promise<Socket> => {
    const target = await resolver.resolve(endpointOf(options))
    return new Promise((resolve, reject) => {
      connector({ ...options, hostname: target.host, port: String(target.port) }, (error, socket) => {
        if (error !== null) reject(error)
        else resolve(socket)
      })
    })
  }

  const connect = async (options: buildConnector.Options): Promise<Socket> => {
    try {
      return await connectOnce(options)
    } catch (error) {
      // What was remembered may have moved: a pod restarts on another port.
      if (!isRefused(error)) throw error
      resolver.forget(endpointOf(options))
      return connectOnce(options)
    }
  }

  return new Agent({
    headersTimeout: idleTimeoutMs,
    bodyTimeout: idleTimeoutMs,
    connect: (options, callback) => {
      void answer({ connection: connect(options), callback })
    },
  })
}

/** Undici's connectors speak by callback. */
const answer = async ({
  connection,
  callback,
}: {
  connection: Promise<Socket>
  callback: buildConnector.Callback
}): Promise<void> => {
  const result = await connection.catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  )
  if (result instanceof Error) callback(result, null)
  else callback(null, result)
}

type Socket = NonNullable<Parameters<buildConnector.Callback>[1]>

const endpointOf = ({ hostname, port, protocol }: buildConnector.Options): Endpoint => ({
  host: hostname,
  port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
})

const isRefused = (error: unknown): boolean =>
  error instanceof Error &&
  ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ||
    (error instanceof AggregateError && error.errors.some(isRefused)))
