/** What lies behind the API server: container logs at a node's kubelet endpoint, and HTTP of services and pods. */
import { pipeline } from 'node:stream/promises'
import type { Agent, Dispatcher } from 'undici'
import { asArray, asObject, asString, valueAt } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { StatusError, badRequest, internalError, methodNotAllowed, notFound } from '../status-error.ts'
import type { Store } from '../storage/store.ts'
import type { Exchange } from './exchange.ts'
import type { ResourcePath } from './request-info.ts'
import type { SubresourceRoute } from './resource-routes.ts'
import { parseProxyName, podTarget, serviceTarget } from './service-target.ts'
import type { Target } from './service-target.ts'

const LOG_PARAMETERS = [
  'follow',
  'tailLines',
  'sinceSeconds',
  'sinceTime',
  'timestamps',
  'previous',
  'limitBytes',
  'stream',
]
/** Headers that belong to one connection, or to the caller's identity here. */
const HOP_HEADERS = new Set([
  'connection',
  'host',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
  'authorization',
  'proxy-authorization',
  'expect',
])

export function nodeRoutes({
  store,
  ca,
  token,
}: {
  store: Store
  ca: string | undefined
  token: () => string
}): { readonly routes: ReadonlyMap<string, SubresourceRoute>; readonly close: () => Promise<void> } {
  const kubelet = agentOf({
    connect: ca === undefined ? { rejectUnauthorized: false } : { ca },
    bodyTimeout: 0,
    headersTimeout: 30_000,
  })
  // A proxied backend's certificate is not checked, as in Kubernetes: the cluster does not know who signed it.
  const backend = agentOf({ connect: { rejectUnauthorized: false }, bodyTimeout: 0 })

  const logs: SubresourceRoute = async ({ exchange, path }) => {
    if (exchange.method !== 'GET') throw methodNotAllowed()
    const name = path.name ?? ''
    const namespace = path.namespace ?? ''
    const pod = store.get({ bucket: '/pods', namespace, name })
    if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, name)
    const container = containerOf(pod.object, name, exchange.query.get('container') ?? '')
    const { origin, error } = kubeletOrigin(store, pod.object, name)
    if (origin === undefined) throw badRequest(error ?? '')
    const query = new URLSearchParams()
    for (const key of LOG_PARAMETERS) {
      const value = exchange.query.get(key)
      if (value !== null && value !== '') query.set(key, value)
    }
    const path_ = `/containerLogs/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/${encodeURIComponent(container)}?${query}`
    await forward({
      exchange,
      dispatcher: kubelet,
      origin,
      path: path_,
      headers: { authorization: `Bearer ${token()}` },
      what: 'the node',
    })
  }

  const proxy =
    (
      find: (request: {
        store: Store
        namespace: string
        name: string
        port: string
        scheme: 'http' | 'https'
      }) => Target,
    ): SubresourceRoute =>
    async ({ exchange, path }) => {
      const { scheme, name, port } = parseProxyName(path.name ?? '')
      const target = find({ store, namespace: path.namespace ?? '', name, port, scheme })
      const origin = `${target.scheme}://${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`
      const rest = rawRest(exchange, path)
      await forward({
        exchange,
        dispatcher: backend,
        origin,
        path: `/${rest}${exchange.url.search}`,
        headers: {},
        what: `${name}:${target.port}`,
      })
    }

  /** What a node itself answers: `/stats/summary`, `/healthz`. */
  const nodeProxy: SubresourceRoute = async ({ exchange, path }) => {
    const name = path.name ?? ''
    const { origin, error } = nodeOrigin(store, name)
    if (origin === undefined) throw badRequest(error ?? '')
    await forward({
      exchange,
      dispatcher: kubelet,
      origin,
      path: `/${rawRest(exchange, path)}${exchange.url.search}`,
      headers: { authorization: `Bearer ${token()}` },
      what: 'the node',
    })
  }

  return {
    routes: new Map([
      ['/nodes/proxy', nodeProxy],
      ['/pods/log', logs],
      ['/services/proxy', proxy(serviceTarget)],
      ['/pods/proxy', proxy(podTarget)],
    ]),
    close: async () => {
      await Promise.all([kubelet.close(), backend.close()])
    },
  }
}

interface LazyAgent {
  readonly open: () => Promise<Agent>
  readonly close: () => Promise<void>
}

/** The HTTP client is loaded with the first request that goes on to somebody else; most servers have none. */
function agentOf(options: Agent.Options): LazyAgent {
  let opened: Promise<Agent> | undefined
  return {
    open: () => (opened ??= import('undici').then(({ Agent }) => new Agent(options))),
    close: async () => (await opened)?.destroy(),
  }
}

/** The part after `/proxy/`, still escaped as the client wrote it. */
function rawRest(exchange: Exchange, path: ResourcePath): string {
  const { pathname } = exchange
  const at = pathname.indexOf('/proxy')
  return at < 0 ? path.rest : pathname.slice(at + '/proxy'.length).replace(/^\//, '')
}

function containerOf(pod: JsonObject, name: string, wanted: string): string {
  const of = (field: string): string[] =>
    asArray(valueAt(pod, 'spec', field)).map((container) => asString(asObject(container)['name']))
  const containers = of('containers')
  if (wanted !== '') {
    if ([...containers, ...of('initContainers'), ...of('ephemeralContainers')].includes(wanted)) return wanted
    throw badRequest(`container ${wanted} is not valid for pod ${name}`)
  }
  const preferred = asString(
    valueAt(pod, 'metadata', 'annotations', 'kubectl.kubernetes.io/default-container'),
  )
  if (containers.includes(preferred)) return preferred
  if (containers.length === 1) return containers[0] ?? ''
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]`,
  )
}

function kubeletOrigin(
  store: Store,
  pod: JsonObject,
  name: string,
): { readonly origin?: string; readonly error?: string } {
  const nodeName = asString(valueAt(pod, 'spec', 'nodeName'))
  if (nodeName === '') return { error: `pod ${name} does not have a host assigned` }
  return nodeOrigin(store, nodeName)
}

function nodeOrigin(store: Store, nodeName: string): { readonly origin?: string; readonly error?: string } {
  const node = store.get({ bucket: '/nodes', namespace: '', name: nodeName })
  if (node === undefined) return { error: `node ${nodeName} does not exist` }
  const addresses = asArray(valueAt(node.object, 'status', 'addresses')).map(asObject)
  const chosen = ['InternalIP', 'Hostname']
    .map((type) => addresses.find((address) => address['type'] === type))
    .find((address) => address !== undefined)
  const port = valueAt(node.object, 'status', 'daemonEndpoints', 'kubeletEndpoint', 'Port')
  if (chosen === undefined || typeof port !== 'number')
    return { error: `node ${nodeName} has not reported its address and kubelet port` }
  const host = asString(chosen['address'])
  return { origin: `https://${host.includes(':') ? `[${host}]` : host}:${port}` }
}

async function forward({
  exchange,
  dispatcher,
  origin,
  path,
  headers,
  what,
}: {
  exchange: Exchange
  dispatcher: LazyAgent
  origin: string
  path: string
  headers: Record<string, string>
  what: string
}): Promise<void> {
  const { request, response } = exchange
  const aborted = new AbortController()
  response.on('close', () => aborted.abort())
  const passed: Record<string, string | string[]> = {}
  for (const [key, value] of Object.entries(request.headers))
    if (value !== undefined && !HOP_HEADERS.has(key)) passed[key] = value
  const hasBody = exchange.method !== 'GET' && exchange.method !== 'HEAD'
  let answer: Dispatcher.ResponseData
  try {
    const { request: httpRequest } = await import('undici')
    answer = await httpRequest(`${origin}${path}`, {
      dispatcher: await dispatcher.open(),
      method: exchange.method as Dispatcher.HttpMethod,
      headers: { ...passed, ...headers },
      body: hasBody ? request : null,
      signal: aborted.signal,
    })
  } catch (error) {
    if (aborted.signal.aborted) return
    throw new StatusError({
      code: 503,
      reason: 'ServiceUnavailable',
      message: `error trying to reach ${what}: ${(error as Error).message}`,
    })
  }
  if (answer.statusCode >= 400 && path.startsWith('/containerLogs/')) {
    const text = await answer.body.text()
    throw answer.statusCode === 404 || answer.statusCode === 400
      ? badRequest(text.trim())
      : internalError(text.trim())
  }
  for (const [key, value] of Object.entries(answer.headers))
    if (value !== undefined && !HOP_HEADERS.has(key)) response.setHeader(key, value)
  response.writeHead(answer.statusCode)
  response.flushHeaders()
  // Whoever hangs up first ends both sides; there is nobody left to tell.
  await pipeline(answer.body, response).catch(() => response.destroy())
}
