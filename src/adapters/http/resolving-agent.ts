// Connections that go where a host resolver says. The name in the URL stays the name for TLS and for the Host header;
// only the address changes.

import { lookup as lookupAddresses } from 'node:dns/promises'

import { Agent, buildConnector } from 'undici'

import type { AddressGuard } from './address-guard.ts'
import { dnsResolver, type Endpoint, type HostResolver } from './service-resolver.ts'

export const resolvingAgent = ({
  resolver = dnsResolver,
  guard,
  lookup = lookupAll,
  tls = {},
  connectTimeoutMs,
  idleTimeoutMs,
}: {
  readonly resolver?: HostResolver
  /** Judges each address before it is connected to. Left out: every address is good. */
  readonly guard?: AddressGuard
  /** All addresses of a name. */
  readonly lookup?: (host: string) => Promise<readonly string[]>
  readonly tls?: TlsMaterial
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
}): Agent => {
  const connector = buildConnector({ timeout: connectTimeoutMs, ...tls })

  const connectOnce = async (options: buildConnector.Options): Promise<Socket> => {
    const endpoint = endpointOf(options)
    guard?.checkHost(endpoint)
    const target = await resolver.resolve(endpoint)
    const addresses = guard === undefined ? [target.host] : await checked(guard, endpoint, target.host)
    let failure: unknown
    for (const address of addresses) {
      try {
        return await connectTo({ ...options, hostname: address, port: String(target.port) })
      } catch (error) {
        failure = error
        if (!isRefused(error)) throw error
      }
    }
    throw failure
  }

  const connectTo = (options: buildConnector.Options): Promise<Socket> =>
    new Promise((resolve, reject) => {
      connector(options, (error, socket) => {
        if (error !== null) reject(error)
        else resolve(socket)
      })
    })

  /** The addresses of a host, every one of which must be good: one of several would be chosen by the resolver. */
  const checked = async (
    judge: AddressGuard,
    endpoint: Endpoint,
    target: string,
  ): Promise<readonly string[]> => {
    const addresses = await lookup(target.replace(/^\[|\]$/g, ''))
    for (const address of addresses) judge.checkAddress({ ...endpoint, address })
    return addresses
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

/** PEM. */
export interface TlsMaterial {
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
}

const lookupAll = async (host: string): Promise<readonly string[]> =>
  (await lookupAddresses(host, { all: true })).map(({ address }) => address)

type Socket = NonNullable<Parameters<buildConnector.Callback>[1]>

const endpointOf = ({ hostname, port, protocol }: buildConnector.Options): Endpoint => ({
  host: hostname,
  port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
})

const isRefused = (error: unknown): boolean =>
  error instanceof Error &&
  ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ||
    (error instanceof AggregateError && error.errors.some(isRefused)))
