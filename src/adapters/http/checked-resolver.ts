// Where addresses that users write may lead. A name is resolved once, the address is checked, and the connection goes
// to that address: what a second look at DNS would say no longer matters. Refused are this machine, its network
// neighbours and the services of a cloud's own (169.254.169.254); a Service of the cluster is reached in the namespace
// of whoever names it, and nowhere else.

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { addressKind } from './address-kind.ts'
import { serviceName, type Endpoint, type HostResolver } from './service-resolver.ts'

/** The address may not be reached. */
export class AddressRefusedError extends Error {
  readonly code = 'ADDRESS_REFUSED'

  constructor(message: string) {
    super(message)
    this.name = 'AddressRefusedError'
  }
}

export const checkedResolver = ({
  namespace,
  services,
  allow = [],
  resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
}: {
  /** Whose Services may be reached. */
  readonly namespace: string
  /** Finds Services, where DNS does not. */
  readonly services?: HostResolver | undefined
  /** `host:port` that the operator of the installation has opened. */
  readonly allow?: readonly string[]
  readonly resolve?: (host: string) => Promise<readonly string[]>
}): HostResolver => ({
  async resolve(endpoint: Endpoint): Promise<Endpoint> {
    const { port } = endpoint
    const host = endpoint.host
      .replace(/^\[(.*)\]$/, '$1')
      .replace(/\.$/, '')
      .toLowerCase()
    if (allow.includes(`${host}:${port}`)) return endpoint
    const service = serviceName(host)
    if (service !== undefined) {
      const [, owner = ''] = service.split('.')
      if (owner !== namespace)
        throw new AddressRefusedError(
          `"${host}" is a Service of namespace "${owner}"; only those of "${namespace}" may be reached from here`,
        )
      return services === undefined ? endpoint : services.resolve(endpoint)
    }
    const addresses = isIP(host) === 0 ? await resolve(host) : [host]
    // One that is closed among several is a trap as good as one alone.
    const refused = addresses.find((address) => addressKind(address) !== 'public')
    const [first] = addresses
    if (refused !== undefined || first === undefined)
      throw new AddressRefusedError(
        `"${host}" leads to ${refused ?? 'no address'}, which is not an address of the internet`,
      )
    return { host: first, port }
  },
  forget: (endpoint) => services?.forget(endpoint),
})
