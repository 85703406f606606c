// What kind of place an IP address is. The one table of address ranges; who may go where is decided by its readers.

import ipaddr from 'ipaddr.js'

export type AddressKind = 'public' | 'private' | 'never'

/**
 * `private`: reached from here and from nowhere else (RFC 1918, loopback, unique local, carrier NAT). `never`: what nobody
 * has business with (link-local with the metadata services of clouds, multicast, reserved), and what is no address. An
 * IPv6 address that carries an IPv4 one is judged as that.
 */
export const addressKind = (text: string): AddressKind => {
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
      return addressKind(embedded(address))
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
