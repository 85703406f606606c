// Addresses of tool servers against a list of allowed ones. Both are parsed and compared part by part: as text,
// `https://mcp.example.com` would also allow `https://mcp.example.com.evil.org` and `https://mcp.example.com@evil.org`.

/** Whether an entry of a list covers an address: same scheme, host and port, and the first segments of its path. */
export const coversAddress = (entry: string, address: string): boolean => {
  const allowed = URL.parse(entry)
  const asked = URL.parse(address)
  if (allowed === null || asked === null || addressFault(entry) !== undefined) return false
  if (allowed.protocol !== asked.protocol || allowed.host !== asked.host) return false
  const [segments, wanted] = [segmentsOf(allowed), segmentsOf(asked)]
  // Behind such a sign a server may see other segments than we do.
  if (segments.length > 0 && /%2f|%5c|%2e/i.test(asked.pathname)) return false
  return segments.every((segment, index) => wanted[index] === segment)
}

/** Why an entry of a list covers nothing; undefined when it is usable. */
export const addressFault = (entry: string): string | undefined => {
  const url = URL.parse(entry)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return 'is not an http or https address'
  if (url.username !== '' || url.password !== '') return 'carries a user name or password'
  if (url.hostname.includes('*')) return 'has a wildcard in its host name, which stands for nothing'
  if (url.search !== '' || url.hash !== '') return 'has a query or a fragment, which are not compared'
  return undefined
}

const segmentsOf = ({ pathname }: URL): readonly string[] =>
  pathname.split('/').filter((segment) => segment !== '')
