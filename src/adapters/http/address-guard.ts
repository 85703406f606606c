// Which addresses a connection may go to, judged after the name was resolved and before anything is sent: the address
// that was checked is the one that is connected to, so a name that answers differently the second time gains nothing.

import ipaddr from 'ipaddr.js'
import { addressKind } from './address-kind.ts'
import type { Endpoint } from './service-resolver.ts'

/** The address may not be reached. */
export class ForbiddenAddressError extends Error {
  readonly code = 'ADDRESS_FORBIDDEN'

  constructor(message: string) {
    super(message)
    this.name = 'ForbiddenAddressError'
  }
}

export interface AddressGuard {
  /** Before the host's addresses are asked for. Throws ForbiddenAddressError. */
  checkHost(endpoint: Endpoint): void
  /** Throws ForbiddenAddressError. */
  checkAddress(endpoint: Endpoint & { readonly address: string }): void
}

/**
 * Link-local addresses (the metadata services of clouds), multicast and the like are never allowed. Private ones are for
 * names that are meant to be private, for addresses written as such, and for hosts that `mayBePrivate` names: a name of
 * the public DNS that leads into the cluster or to this machine is an attack more often than not.
 */
export const addressGuard = ({
  mayBePrivate = () => false,
}: { readonly mayBePrivate?: (host: string) => boolean } = {}): AddressGuard => ({
  checkHost: () => undefined,
  checkAddress: ({ host, address }) => {
    switch (addressKind(address)) {
      case 'public':
        return
      case 'private':
        if (isPrivateName(host) || mayBePrivate(host)) return
        throw new ForbiddenAddressError(
          `${host} leads to ${address}, a private address, which a public name may lead to only if mcpAllowlist of the agent’s SwarmSettings names it`,
        )
      case 'never':
        throw new ForbiddenAddressError(`${host} leads to ${address}, an address that nothing may be sent to`)
    }
  },
})

/** Names that no public DNS answers for, and addresses written as such. */
const isPrivateName = (host: string): boolean => {
  const name = host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
  return ipaddr.isValid(name) || !name.includes('.') || privateZones.some((zone) => name.endsWith(`.${zone}`))
}

const privateZones = ['svc', 'cluster.local', 'local', 'localhost', 'internal', 'home.arpa', 'lan', 'test']
