// `fetch` to Services of the cluster from outside of it: through the API server's Service proxy, with the rights that
// the caller has there (`get` and `create` on services/proxy). Other addresses are not its business.

import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { KubeswarmError } from '../../domain/error.ts'
import { bodyOf } from '../http/body-of.ts'
import type { Fetch } from '../http/create-fetch.ts'
import { lightResponse } from '../http/light-response.ts'
import { readableBody } from '../http/readable-body.ts'
import type { Transport } from './transport.ts'

export interface ServiceAddress {
  readonly namespace: string
  readonly name: string
}

/** The Service that a host names for a pod of that namespace: `name`, or `name.namespace.svc` with or without `cluster.local`. */
export const serviceOf = (host: string, namespace: string): ServiceAddress | undefined => {
  if (/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(host) && host !== 'localhost') return { namespace, name: host }
  const [, name, of] = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?\.?$/.exec(host) ?? []
  return name === undefined || of === undefined ? undefined : { namespace: of, name }
}

export const serviceFetch =
  ({ transport, service }: { readonly transport: Transport; readonly service: ServiceAddress }): Fetch =>
  async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const method = init.method ?? 'GET'
    const { body, contentType } = bodyOf(init.body)
    const headers = new Headers(init.headers)
    if (headers.has('authorization')) throw keepsAuthorization(url, service)
    if (contentType !== undefined && !headers.has('content-type')) headers.set('content-type', contentType)
    headers.set('accept-encoding', 'identity')
    const answer = await transport.relay({
      method,
      path: proxyPath(url, service),
      headers: Object.fromEntries(headers),
      body,
      ...(init.signal ? { signal: init.signal } : {}),
    })
    const received = new Headers(
      Object.entries(answer.headers).flatMap(([name, value]) =>
        [value ?? []].flat().map((one) => [name, one] as [string, string]),
      ),
    )
    return lightResponse({
      url,
      status: answer.statusCode,
      headers: received,
      body: await unlessRefused({ answer, received, url, service }),
    })
  }

const MAX_REFUSAL_BYTES = 1024 * 1024

const proxyPath = (url: URL, { namespace, name }: ServiceAddress): string => {
  const isSecure = url.protocol === 'https:'
  const port = url.port || (isSecure ? '443' : '80')
  return `/api/v1/namespaces/${namespace}/services/${isSecure ? 'https:' : ''}${name}:${port}/proxy${url.pathname}${url.search}`
}

/** The body to read. Throws what the API server itself says; a Service's own answers are left as they are. */
const unlessRefused = async ({
  answer,
  received,
  url,
  service: { namespace, name },
}: {
  readonly answer: Dispatcher.ResponseData
  readonly received: Headers
  readonly url: URL
  readonly service: ServiceAddress
}): Promise<Readable> => {
  if (answer.statusCode < 400 || received.get('content-type')?.startsWith('application/json') !== true)
    return answer.body
  const bounded = readableBody({ body: answer.body, headers: received, maxBytes: MAX_REFUSAL_BYTES })
  const text = await lightResponse({ url, status: 200, headers: received, body: bounded }).text()
  const status = statusIn(text)
  if (status === undefined) return Readable.from([Buffer.from(text)])
  const isForbidden = answer.statusCode === 401 || answer.statusCode === 403
  throw new KubeswarmError({
    code: isForbidden ? 'Forbidden' : 'ToolServerUnavailable',
    message: `cannot reach ${url.origin} through the API server: ${status}`,
    remedy: isForbidden
      ? `ask for "get" and "create" on services/proxy in namespace ${namespace}`
      : `check that Service ${namespace}/${name} exists, has that port and a ready pod`,
  })
}

const statusIn = (text: string): string | undefined => {
  try {
    const value = JSON.parse(text) as { readonly kind?: unknown; readonly message?: unknown } | null
    return value?.kind === 'Status' && typeof value.message === 'string' ? value.message : undefined
  } catch {
    return undefined
  }
}

// It takes the header for its own caller's and takes it out of what it passes on.
const keepsAuthorization = (url: URL, { namespace, name }: ServiceAddress): KubeswarmError =>
  new KubeswarmError({
    code: 'ToolServerUnauthorized',
    message: `cannot prove the agent's identity to ${url.origin}: the API server, through which it is reached, does not pass an Authorization header on`,
    remedy: `kubectl -n ${namespace} port-forward service/${name} 9000:${url.port || '80'}, and ask again with --at http://127.0.0.1:9000${url.pathname === '/' ? '' : url.pathname}`,
  })
