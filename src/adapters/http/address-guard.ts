// Which addresses a connection may go to, judged after the name was resolved and before anything is sent: the address
// that was checked is the one that is connected to, so a name that answers differently the second time gains nothing.

import ipaddr from 'ipaddr.js'

export class ForbiddenAddressError extends Error {
  readonly code = 'ADDRESS_FORBIDDEN'

  constructor(host: string, address: string, why: string) {
    super(`${host} leads to ${address}, ${why}`)
    this.name = 'ForbiddenAddressError'
  }
}

export interface AddressGuard {
  /** Throws ForbiddenAddressError. */
  check(request: { readonly host: string; readonly address: string }): void
}

/**
 * Link-local addresses (the metadata services of clouds), multicast and the like are never allowed. Private ones are for
 * names that are meant to be private, for addresses written as such, and for hosts that `mayBePrivate` names: a name of
 * the public DNS that leads into the cluster or to this machine is an attack more often than not.
 */
export const addressGuard = ({
  mayBePrivate = () => false,
}: { readonly mayBePrivate?: (host: string) => boolean } = {}): AddressGuard => ({
  check: ({ host, address }) => {
    switch (kindOf(address)) {
      case 'public':
        return
      case 'private':
        if (isPrivateName(host) || mayBePrivate(host)) return
        throw new ForbiddenAddressError(
          host,
          address,
          'a private address, which a public name may lead to only if mcpAllowlist of the agent’s SwarmSettings names it',
        )
      case 'never':
        throw new ForbiddenAddressError(host, address, 'an address that nothing may be sent to')
    }
  },
})

type Kind = 'public' | 'private' | 'never'

const kindOf = (text: string): Kind => {
  if (!ipaddr.isValid(text)) return 'never'
  const address = ipaddr.process(text)
  if (alwaysDenied.some((range) => address.kind() === range[0].kind() && address.match(range))) return 'never'
  switch (address.range()) {
    case 'unicast':
      return 'public'
    case 'private':
    case 'loopback':
    case 'uniqueLocal':
    case 'carrierGradeNat':
      return 'private'
    case 'rfc6052':
    case '6to4':
      return kindOf(embedded(address))
    default:
      return 'never'
  }
}

/** Metadata services outside the link-local range. */
const alwaysDenied = ['fd00:ec2::254/128', '100.100.100.200/32', '168.63.129.16/32'].map((range) =>
  ipaddr.parseCIDR(range),
)

/** The IPv4 address that a translated IPv6 address stands for. */
const embedded = (address: ipaddr.IPv4 | ipaddr.IPv6): string => {
  const bytes = address.toByteArray()
  const at = address.range() === '6to4' ? 2 : 12
  return bytes.slice(at, at + 4).join('.')
}

/** Names that no public DNS answers for, and addresses written as such. */
const isPrivateName = (host: string): boolean => {
  const name = host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
  return ipaddr.isValid(name) || !name.includes('.') || privateZones.some((zone) => name.endsWith(`.${zone}`))
}

const privateZones = ['svc', 'cluster.local', 'local', 'localhost', 'internal', 'home.arpa', 'lan', 'test']
