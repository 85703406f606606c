// A small HTTP client for the Kubernetes API: JSON in, JSON out, Status objects as ApiError, watches as async iterables.
// It retries nothing and caches nothing; that is for informers and work queues, which know what is safe to repeat.

import { Agent, request } from 'undici'
import { ApiError, type ApiStatus } from './api-error.ts'
import { connectionFrom, type Connection } from './connection.ts'
import { readLines } from './read-lines.ts'
import { apiVersionOf, pathOf, type ResourceKind, type ResourcePath } from './resource-kind.ts'
import type { KubeObject } from './kubernetes-types.ts'

export type PatchType = 'merge' | 'json' | 'strategic'

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: unknown
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  readonly signal?: AbortSignal
}

export interface DeleteOptions {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  readonly gracePeriodSeconds?: number
  readonly uid?: string
  readonly resourceVersion?: string
}

export interface KubeClient {
  readonly connection: Connection
  request<T>(options: RequestOptions): Promise<T>
  get<T>(path: ResourcePath): Promise<T>
  create<T>(path: ResourcePath & { readonly body: unknown }): Promise<T>
  update<T>(path: ResourcePath & { readonly body: unknown }): Promise<T>
  patch<T>(path: ResourcePath & { readonly body: unknown; readonly type?: PatchType }): Promise<T>
  delete(path: ResourcePath & DeleteOptions): Promise<unknown>
  watch(options: Pick<RequestOptions, 'path' | 'query' | 'accept' | 'signal'>): AsyncIterable<WatchEvent>
  close(): Promise<void>
}

const patchContentType: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
}

export function createKubeClient({
  kubeconfig,
  userAgent = 'local-kube',
}: {
  readonly kubeconfig: string | Connection
  readonly userAgent?: string
}): KubeClient {
  const connection = connectionFrom(kubeconfig)
  const dispatcher = new Agent({
    // One multiplexed connection would stall every watch behind a slow reader; plain connections are cheap here.
    allowH2: false,
    keepAliveTimeout: 30_000,
    // A reply may legitimately take long (a slow admission webhook), silence between watch events is no error at all.
    headersTimeout: 60_000,
    bodyTimeout: 0,
    connect: {
      timeout: 10_000,
      ...(connection.ca !== undefined && { ca: connection.ca }),
      ...(connection.insecureSkipTlsVerify === true && { rejectUnauthorized: false }),
      ...(connection.clientCertificate !== undefined && {
        cert: connection.clientCertificate.certificate,
        key: connection.clientCertificate.key,
      }),
    },
  })

  const send = async ({
    method = 'GET',
    path,
    query = {},
    body,
    contentType,
    accept,
    signal,
  }: RequestOptions) => {
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) search.set(name, String(value))
    const url = `${connection.url}${path}${search.size === 0 ? '' : `?${search}`}`
    const response = await request(url, {
      dispatcher,
      method,
      headers: {
        accept: accept ?? 'application/json',
        'user-agent': userAgent,
        ...(connection.token !== undefined && { authorization: `Bearer ${connection.token}` }),
        ...(body !== undefined && { 'content-type': contentType ?? 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    })
    if (response.statusCode >= 400) {
      const text = await response.body.text()
      throw new ApiError({ request: `${method} ${path}`, status: statusFrom(text, response.statusCode) })
    }
    return response
  }

  const json = async <T>(options: RequestOptions): Promise<T> =>
    (await (await send(options)).body.json()) as T

  return {
    connection,
    request: json,
    get: (path) => json({ path: pathOf(path) }),
    create: ({ body, ...path }) =>
      json({ method: 'POST', path: pathOf(path), body: typed(path.kind, path, body) }),
    update: ({ body, ...path }) =>
      json({ method: 'PUT', path: pathOf(path), body: typed(path.kind, path, body) }),
    patch: ({ body, type = 'merge', ...path }) =>
      json({ method: 'PATCH', path: pathOf(path), body, contentType: patchContentType[type] }),
    delete: ({ propagationPolicy, gracePeriodSeconds, uid, resourceVersion, ...path }) =>
      json({
        method: 'DELETE',
        path: pathOf(path),
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          propagationPolicy,
          gracePeriodSeconds,
          ...((uid !== undefined || resourceVersion !== undefined) && {
            preconditions: { uid, resourceVersion },
          }),
        },
      }),
    async *watch(options) {
      const { query, ...rest } = options
      const response = await send({ ...rest, query: { ...query, watch: true } })
      for await (const line of readLines(response.body)) yield JSON.parse(line) as WatchEvent
    },
    close: () => dispatcher.destroy(),
  }
}

/** Lists omit apiVersion and kind on their items and so do our own literals; a write to a main resource must name them. */
function typed(kind: ResourceKind, path: ResourcePath, body: unknown): unknown {
  if (path.subresource !== undefined && path.subresource !== 'status' && path.subresource !== 'finalize')
    return body
  const object = body as KubeObject
  return { ...object, apiVersion: object.apiVersion ?? apiVersionOf(kind), kind: object.kind ?? kind.kind }
}

function statusFrom(text: string, code: number): ApiStatus {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && 'kind' in parsed && parsed.kind === 'Status') {
      return { code, ...(parsed as object) }
    }
  } catch {
    // Not a Status: a proxy's page or plain text; its beginning is the best message there is.
  }
  return { code, message: text.slice(0, 300) }
}
