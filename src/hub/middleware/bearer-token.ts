// The token of a request, if it carries one.

const BEARER = /^Bearer +(?<token>[^\s]+) *$/i
/** Longer than any token Kubernetes issues; what is longer is not looked at. */
const LONGEST_TOKEN = 16_384

export const bearerToken = (request: Request): string | undefined => {
  const header = request.headers.get('authorization')
  if (header === null || header.length > LONGEST_TOKEN) return undefined
  return BEARER.exec(header)?.groups?.['token']
}
