/** Reads an API path: `/api/v1/namespaces/x/pods/y/log`, `/apis/group/version/plural/name/status`. */

export interface ResourcePath {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string | undefined
  /** The old way to ask for a watch: `/api/v1/watch/…`. */
  readonly isWatch: boolean
  /** What follows `/proxy`. */
  readonly rest: string
}

export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const parts = pathname.split('/').filter((part) => part !== '')
  let group = ''
  let version: string | undefined
  let tail: readonly string[]
  if (parts[0] === 'api') {
    version = parts[1]
    tail = parts.slice(2)
  } else if (parts[0] === 'apis') {
    group = parts[1] ?? ''
    version = parts[2]
    tail = parts.slice(3)
  } else return undefined
  const isWatch = tail[0] === 'watch'
  if (isWatch) tail = tail.slice(1)
  if (version === undefined || tail.length === 0) return undefined

  let namespace: string | undefined
  // `/namespaces/x` and its subresources are the Namespace itself; anything deeper lies inside it.
  const namespaceSubresource = tail[2] === 'status' || tail[2] === 'finalize'
  if (tail[0] === 'namespaces' && tail.length > 2 && !(namespaceSubresource && tail.length === 3)) {
    namespace = decode(tail[1] ?? '')
    tail = tail.slice(2)
  }
  const [plural, name, subresource, ...rest] = tail
  if (plural === undefined) return undefined
  const afterProxy =
    subresource === 'proxy' ? rest.join('/') + (pathname.endsWith('/') && rest.length > 0 ? '/' : '') : ''
  if (rest.length > 0 && subresource !== 'proxy') return undefined
  return {
    group,
    version,
    plural,
    namespace,
    name: name === undefined ? undefined : decode(name),
    subresource,
    isWatch,
    rest: afterProxy,
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
