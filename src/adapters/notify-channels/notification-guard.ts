// Where addresses that users write into a SwarmNotify may lead: to the internet, and to Services of the SwarmNotify's
// namespace. This machine, its network and the services of a cloud's own are closed; the installation can open
// addresses of its network one by one.

import { addressKind } from '../http/address-kind.ts'
import { type AddressGuard, ForbiddenAddressError } from '../http/address-guard.ts'
import { serviceName } from '../http/service-resolver.ts'

export const notificationGuard = ({
  namespace,
  allow = [],
}: {
  /** Whose Services may be reached. */
  readonly namespace: string
  /** `host:port` that may be private. */
  readonly allow?: readonly string[]
}): AddressGuard => {
  const opened = new Set(allow.map(plain))
  return {
    checkHost: ({ host, port }) => {
      const [, owner = namespace] = serviceName(plain(host))?.split('.') ?? []
      if (owner === namespace || opened.has(`${plain(host)}:${port}`)) return
      throw new ForbiddenAddressError(
        `"${host}" is a Service of namespace "${owner}"; only those of "${namespace}" may be reached from here`,
      )
    },
    checkAddress: ({ host, port, address }) => {
      const kind = addressKind(address)
      if (kind === 'public') return
      const isOpen = serviceName(plain(host)) !== undefined || opened.has(`${plain(host)}:${port}`)
      if (kind === 'private' && isOpen) return
      throw new ForbiddenAddressError(
        `"${host}" leads to ${address}, which is not an address of the internet${
          kind === 'private' ? `, and "${host}:${port}" is not in the operator's KUBESWARM_NOTIFY_ALLOW` : ''
        }`,
      )
    },
  }
}

const plain = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[(.*)\]/, '$1')
    .replace(/\.$/, '')
