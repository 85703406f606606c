// Where a host name leads. In a cluster its DNS knows; beside local-kube, a resolver with a URL answers for Service
// names and gives the port of this machine behind them.

import { request } from 'undici'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface HostResolver {
  resolve(endpoint: Endpoint): Promise<Endpoint>
  /** Called when nothing listened where `resolve` said. */
  forget(endpoint: Endpoint): void
}

/** Leaves names to DNS. */
export const dnsResolver: HostResolver = {
  resolve: (endpoint) => Promise.resolve(endpoint),
  forget: () => undefined,
}

/** A Service name without a ready endpoint behind it. */
class ServiceNotFoundError extends Error {
  readonly code = 'ENOTFOUND'

  constructor({ host, port }: Endpoint) {
    super(`no ready endpoint behind Service ${host}:${port}`)
    this.name = 'ServiceNotFoundError'
  }
}

const RESOLVER_TIMEOUT_MS = 5_000

/** Asks `resolverUrl` for `*.svc` names and remembers the answer until it proves wrong; leaves other names to DNS. */
export const serviceResolver = ({ resolverUrl }: { readonly resolverUrl: string }): HostResolver => {
  const known = new Map<string, Endpoint>()
  const keyOf = ({ host, port }: Endpoint): string => `${host}:${port}`
  return {
    resolve: async (endpoint) => {
      const service = serviceName(endpoint.host)
      if (service === undefined) return endpoint
      const cached = known.get(keyOf(endpoint))
      if (cached !== undefined) return cached
      const found = await ask({ resolverUrl, endpoint: { host: service, port: endpoint.port } })
      known.set(keyOf(endpoint), found)
      return found
    },
    forget: (endpoint) => known.delete(keyOf(endpoint)),
  }
}

/** `name.namespace.svc`, with or without the cluster's domain; undefined for any other name. */
export const serviceName = (host: string): string | undefined => {
  const name = host
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/\.cluster\.local$/, '')
  return /^[a-z0-9-]+\.[a-z0-9-]+\.svc$/.test(name) ? name : undefined
}

const ask = async ({
  resolverUrl,
  endpoint,
}: {
  resolverUrl: string
  endpoint: Endpoint
}): Promise<Endpoint> => {
  const url = new URL(resolverUrl)
  url.searchParams.set('host', endpoint.host)
  url.searchParams.set('port', String(endpoint.port))
  const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(RESOLVER_TIMEOUT_MS) })
  if (statusCode === 404) {
    await body.dump()
    throw new ServiceNotFoundError(endpoint)
  }
  if (statusCode !== 200) {
    await body.dump()
    throw new Error(`the service resolver answered HTTP ${statusCode} for ${endpoint.host}:${endpoint.port}`)
  }
  const answer: unknown = await body.json()
  if (!isEndpoint(answer)) throw new Error(`the service resolver answered without host and port`)
  return { host: answer.host, port: answer.port }
}

const isEndpoint = (value: unknown): value is Endpoint =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Partial<Endpoint>).host === 'string' &&
  typeof (value as Partial<Endpoint>).port === 'number'
