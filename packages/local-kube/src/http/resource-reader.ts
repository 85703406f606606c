/** GET of objects and lists, and watches, in the representation the client accepts: JSON, Table or metadata only. */
import type { JsonObject, JsonValue } from '../json.ts'
import { asObject } from '../json.ts'
import { partialMetadata, tableOf } from '../resources/columns.ts'
import type { IncludeObject } from '../resources/columns.ts'
import { apiVersionOf, refOf } from '../resources/resource.ts'
import type { Resource } from '../resources/resource.ts'
import { selectorOf } from '../resources/selectors.ts'
import { bookmark, startWatch } from '../resources/watch-stream.ts'
import type { WatchEvent } from '../resources/watch-stream.ts'
import { StatusError, badRequest, expired, notFound } from '../status-error.ts'
import { HistoryExpired } from '../storage/store.ts'
import type { Store } from '../storage/store.ts'
import type { Exchange } from './exchange.ts'
import type { ResourcePath } from './request-info.ts'

const BOOKMARK_INTERVAL = 60_000
/** A watcher that does not read is cut off rather than kept in memory; it lists again. */
const UNREAD_LIMIT = 32 * 1024 * 1024

type Shape = 'object' | 'table' | 'metadata'

export function acceptedShape(accept: string): Shape {
  for (const option of accept.split(',')) {
    const as = /;\s*as=(\w+)/.exec(option)?.[1]
    if (as === 'Table') return 'table'
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'metadata'
    if (
      as === undefined &&
      /^\s*(application\/json|\*\/\*|application\/vnd\.kubernetes\.protobuf)/.test(option)
    )
      return 'object'
  }
  return 'object'
}

const includeOf = (query: URLSearchParams): IncludeObject => {
  const include = query.get('includeObject')
  return include === 'None' || include === 'Object' ? include : 'Metadata'
}

/** One object in the accepted representation; also for the answers of writes. */
export function represent({
  exchange,
  resource,
  object,
  now,
}: {
  exchange: Exchange
  resource: Resource
  object: JsonObject
  now: number
}): JsonObject {
  const shape = acceptedShape(exchange.accept)
  if (shape === 'metadata') return partialMetadata(object)
  if (shape === 'object') return object
  return tableOf({
    columns: resource.columns,
    objects: [object],
    metadata: { resourceVersion: asObject(object['metadata'])['resourceVersion'] },
    include: includeOf(exchange.query),
    withDefinitions: true,
    now,
  })
}

export class ResourceReader {
  readonly #store: Store
  readonly #now: () => number
  readonly #closeWatches = new Set<() => void>()

  constructor({ store, now }: { store: Store; now: () => number }) {
    this.#store = store
    this.#now = now
  }

  get watchCount(): number {
    return this.#closeWatches.size
  }

  closeWatches(): void {
    for (const close of this.#closeWatches) close()
  }

  get(exchange: Exchange, resource: Resource, path: ResourcePath): void {
    const name = path.name ?? ''
    const stored = this.#store.get({ bucket: resource.bucket, namespace: path.namespace ?? '', name })
    if (stored === undefined) throw notFound(refOf(resource), name)
    exchange.json(
      represent({ exchange, resource, object: resource.fromStorage(stored.object), now: this.#now() }),
    )
  }

  list(exchange: Exchange, resource: Resource, path: ResourcePath): void {
    const { query } = exchange
    const matches = selectorOf(query, resource)
    const wanted = Number(query.get('resourceVersion') ?? '0')
    if (Number.isNaN(wanted))
      throw badRequest(`resourceVersion: Invalid value: "${query.get('resourceVersion')}": must be a number`)
    if (wanted > this.#store.revision) throw tooLargeVersion(wanted, this.#store.revision)
    let objects = this.#store
      .list({
        bucket: resource.bucket,
        ...(path.namespace === undefined ? {} : { namespace: path.namespace }),
      })
      .map(({ object }) => resource.fromStorage(object))
    if (matches !== undefined) objects = objects.filter(matches)

    const metadata: JsonObject = { resourceVersion: String(this.#store.revision) }
    const limit = Number(query.get('limit') ?? '0')
    const start = readContinue(query.get('continue'))
    if (start !== undefined) objects = objects.filter((object) => keyOf(object) > start)
    if (limit > 0 && objects.length > limit) {
      metadata['remainingItemCount'] = objects.length - limit
      objects = objects.slice(0, limit)
      const last = objects.at(-1)
      if (last !== undefined)
        metadata['continue'] = Buffer.from(JSON.stringify({ after: keyOf(last) })).toString('base64url')
    }
    exchange.json(this.#listOf({ exchange, resource, objects, metadata }))
  }

  #listOf({
    exchange,
    resource,
    objects,
    metadata,
  }: {
    exchange: Exchange
    resource: Resource
    objects: readonly JsonObject[]
    metadata: JsonObject
  }): JsonObject {
    switch (acceptedShape(exchange.accept)) {
      case 'table':
        return tableOf({
          columns: resource.columns,
          objects,
          metadata,
          include: includeOf(exchange.query),
          withDefinitions: true,
          now: this.#now(),
        })
      case 'metadata':
        return {
          kind: 'PartialObjectMetadataList',
          apiVersion: 'meta.k8s.io/v1',
          metadata,
          items: objects.map(partialMetadata),
        }
      case 'object':
        return {
          kind: resource.listKind,
          apiVersion: apiVersionOf(resource),
          metadata,
          items: [...objects] as JsonValue[],
        }
    }
  }

  watch(exchange: Exchange, resource: Resource, path: ResourcePath): void {
    const { query, response } = exchange
    if (path.name !== undefined) query.append('fieldSelector', '')
    const matches = selectorOf(query, resource)
    const shape = acceptedShape(exchange.accept)
    const version = query.get('resourceVersion') ?? ''
    const since = version === '' ? undefined : Number(version)
    if (since !== undefined && !Number.isInteger(since))
      throw badRequest(`resourceVersion: Invalid value: "${version}": must be a number`)
    if (since !== undefined && since > this.#store.revision)
      throw tooLargeVersion(since, this.#store.revision)
    const wantsBookmarks = query.get('allowWatchBookmarks') === 'true'
    const sendInitial = query.get('sendInitialEvents') === 'true'
    const startsFresh = since === undefined || since === 0

    exchange.stream('application/json')
    let isFirst = true
    const write = (type: string, object: JsonObject): void => {
      let shown = object
      if (type !== 'ERROR' && shape === 'metadata') shown = partialMetadata(object)
      if (type !== 'ERROR' && shape === 'table') {
        shown = tableOf({
          columns: resource.columns,
          objects: type === 'BOOKMARK' ? [] : [object],
          metadata: { resourceVersion: asObject(object['metadata'])['resourceVersion'] },
          include: includeOf(query),
          withDefinitions: isFirst,
          now: this.#now(),
        })
        isFirst = false
      }
      response.write(`${JSON.stringify({ type, object: shown })}\n`)
      if (response.writableLength > UNREAD_LIMIT) response.destroy()
    }
    let stop: () => void = () => undefined
    try {
      stop = startWatch({
        store: this.#store,
        resource,
        namespace: path.namespace,
        matches,
        since,
        initialEvents: sendInitial ? (wantsBookmarks ? 'marked' : 'plain') : startsFresh ? 'plain' : 'none',
        send: ({ type, object }: WatchEvent) => write(type, object),
      })
    } catch (error) {
      if (!(error instanceof HistoryExpired)) throw error
      write('ERROR', expired(error.message).toStatus())
      response.end()
      return
    }
    const bookmarks = wantsBookmarks
      ? setInterval(() => write('BOOKMARK', bookmark(resource, this.#store.revision)), BOOKMARK_INTERVAL)
      : undefined
    const seconds = Number(query.get('timeoutSeconds') ?? '0')
    const timeout = setTimeout(() => close(), (seconds > 0 ? seconds : 1800 + Math.random() * 1800) * 1000)
    const close = (): void => {
      stop()
      clearInterval(bookmarks)
      clearTimeout(timeout)
      this.#closeWatches.delete(close)
      if (!response.writableEnded) response.end()
    }
    this.#closeWatches.add(close)
    response.on('close', close)
  }
}

const keyOf = (object: JsonObject): string => {
  const { namespace, name } = asObject(object['metadata'])
  return `${typeof namespace === 'string' ? namespace : ''}/${String(name)}`
}

function readContinue(token: string | null): string | undefined {
  if (token === null || token === '') return undefined
  try {
    const { after } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as {
      readonly after: string
    }
    return after
  } catch {
    throw badRequest('continue key is not valid: it was not made by this server')
  }
}

const tooLargeVersion = (wanted: number, current: number): StatusError =>
  new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Too large resource version: ${wanted}, current: ${current}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  })
