/** GET of objects and lists, and watches, in the representation the client accepts: JSON, Table or metadata only. */
import type { JsonObject } from '../json.ts'
import { asObject } from '../json.ts'
import { partialMetadata, rowOf, tableOf } from '../resources/columns.ts'
import type { IncludeObject } from '../resources/columns.ts'
import { apiVersionOf, asStored, refOf } from '../resources/resource.ts'
import type { Resource } from '../resources/resource.ts'
import { selectorOf } from '../resources/selectors.ts'
import { WatchCursor, bookmark } from '../resources/watch-cursor.ts'
import { StatusError, badRequest, expired, notFound, unexpected } from '../status-error.ts'
import { HistoryExpired } from '../storage/history.ts'
import { idOf } from '../storage/key.ts'
import type { Store, Stored } from '../storage/store.ts'
import { eventEncoder } from './event-encoder.ts'
import type { Shape } from './event-encoder.ts'
import type { Exchange } from './exchange.ts'
import { eachInTurns } from './in-turns.ts'
import { checkListOptions, notANumber } from './list-options.ts'
import type { ResourcePath } from './request-info.ts'
import { SharedChunks } from './shared-chunks.ts'
import { startWatchResponse } from './watch-response.ts'

const BOOKMARK_INTERVAL = 60_000
/** Seconds; a timer knows no more than 24 days. */
const LONGEST_WATCH = 86_400

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
  readonly #chunks = new SharedChunks()

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
    if (acceptedShape(exchange.accept) === 'object') exchange.jsonText(textOf(resource, stored))
    else
      exchange.json(
        represent({ exchange, resource, object: resource.fromStorage(stored.object), now: this.#now() }),
      )
  }

  async list(exchange: Exchange, resource: Resource, path: ResourcePath): Promise<void> {
    const { query } = exchange
    checkListOptions(query, false)
    const matches = selectorOf(query, resource)
    const wanted = Number(query.get('resourceVersion') ?? '0')
    if (Number.isNaN(wanted))
      throw badRequest(`invalid resource version: ${notANumber(query.get('resourceVersion') ?? '')}`)
    if (wanted > this.#store.revision) throw tooLargeVersion(wanted, this.#store.revision)
    let objects = this.#store.list({
      bucket: resource.bucket,
      ...(path.namespace === undefined ? {} : { namespace: path.namespace }),
    })
    // What is listed is what is there now, however long the list takes.
    const resourceVersion = String(this.#store.revision)
    if (matches !== undefined) {
      const chosen: Stored[] = []
      await eachInTurns(objects, (stored) => {
        if (matches(resource.fromStorage(stored.object))) chosen.push(stored)
      })
      objects = chosen
    }

    const metadata: JsonObject = {
      resourceVersion,
      ...(resource.custom === undefined || acceptedShape(exchange.accept) !== 'object'
        ? {}
        : { continue: '' }),
    }
    const limit = Number(query.get('limit') ?? '0')
    const start = readContinue(query.get('continue'))
    if (start !== undefined) objects = objects.filter(({ key }) => idOf(key) > start)
    if (limit > 0 && objects.length > limit) {
      metadata['remainingItemCount'] = objects.length - limit
      objects = objects.slice(0, limit)
      const last = objects.at(-1)
      if (last !== undefined)
        metadata['continue'] = Buffer.from(JSON.stringify({ after: idOf(last.key) })).toString('base64url')
    }
    const shape = acceptedShape(exchange.accept)
    if (shape === 'object') {
      // Put together from the objects' JSON: a list of thousands must not hold up everybody else.
      const head = { kind: resource.listKind, apiVersion: apiVersionOf(resource), metadata }
      const items = objects.map((stored) => textOf(resource, stored)).join(',')
      exchange.jsonText(`${JSON.stringify(head).slice(0, -1)},"items":[${items}]}`)
      return
    }
    const head: JsonObject =
      shape === 'table'
        ? tableOf({
            columns: resource.columns,
            objects: [],
            metadata,
            include: 'None',
            withDefinitions: true,
            now: this.#now(),
          })
        : { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: [] }
    const now = this.#now()
    const include = includeOf(query)
    const parts: string[] = []
    await eachInTurns(objects, (stored) => {
      const object = resource.fromStorage(stored.object)
      const part =
        shape === 'table'
          ? rowOf({ columns: resource.columns, object, include, now })
          : partialMetadata(object)
      parts.push(JSON.stringify(part))
    })
    exchange.jsonText(`${JSON.stringify(head).slice(0, -2)}${parts.join(',')}]}`)
  }

  watch(exchange: Exchange, resource: Resource, path: ResourcePath): void {
    const { query, response } = exchange
    checkListOptions(query, true)
    if (path.name !== undefined) query.append('fieldSelector', '')
    const matches = selectorOf(query, resource)
    const version = query.get('resourceVersion') ?? ''
    const since = version === '' ? undefined : Number(version)
    if (since !== undefined && !Number.isInteger(since)) throw unexpected(notANumber(version))
    if (since !== undefined && since > this.#store.revision)
      throw tooLargeVersion(since, this.#store.revision)
    const wantsBookmarks = query.get('allowWatchBookmarks') === 'true'
    const sendInitial = query.get('sendInitialEvents') === 'true'
    const startsFresh = since === undefined || since === 0

    const view = { resource, namespace: path.namespace, matches }
    const initialEvents = sendInitial
      ? wantsBookmarks
        ? ('marked' as const)
        : ('plain' as const)
      : startsFresh
        ? ('plain' as const)
        : ('none' as const)
    exchange.stream('application/json')
    let cursor: WatchCursor
    try {
      cursor = new WatchCursor({ store: this.#store, view, since, initialEvents })
    } catch (error) {
      if (!(error instanceof HistoryExpired)) throw error
      response.end(`${JSON.stringify({ type: 'ERROR', object: expired(error.message).toStatus() })}\n`)
      return
    }
    const shape = acceptedShape(exchange.accept)
    const include = includeOf(query)
    const { pump, sendIdle } = startWatchResponse({
      response,
      cursor,
      encoder: eventEncoder({ shape, resource, include, now: this.#now }),
      shared: this.#chunks.forView({
        resource,
        key: JSON.stringify([
          path.namespace,
          query.get('labelSelector'),
          query.get('fieldSelector'),
          shape,
          include,
        ]),
        revision: () => this.#store.revision,
      }),
    })
    const unfollow = this.#store.follow({ bucket: resource.bucket, listener: pump })
    const bookmarks = wantsBookmarks
      ? setInterval(
          () => sendIdle(() => ({ type: 'BOOKMARK', object: bookmark(resource, cursor.position) })),
          BOOKMARK_INTERVAL,
        )
      : undefined
    const seconds = Number(query.get('timeoutSeconds') ?? '0')
    const timeout = setTimeout(
      () => close(),
      Math.min(seconds > 0 ? seconds : 1800 + Math.random() * 1800, LONGEST_WATCH) * 1000,
    )
    const close = (): void => {
      unfollow()
      clearInterval(bookmarks)
      clearTimeout(timeout)
      this.#closeWatches.delete(close)
      if (!response.writableEnded) response.end()
    }
    this.#closeWatches.add(close)
    response.on('close', close)
    pump()
  }
}

/** A stored object in the version of this resource, as JSON; read only where the versions differ. */
function textOf(resource: Resource, stored: Stored): string {
  if (resource.fromStorage === asStored) return stored.text
  const converted = resource.fromStorage(stored.object)
  return converted === stored.object ? stored.text : JSON.stringify(converted)
}

function readContinue(token: string | null): string | undefined {
  if (token === null || token === '') return undefined
  try {
    const { after } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as {
      readonly after: string
    }
    return after
  } catch {
    throw badRequest('invalid continue token: continue key is not valid: it was not made by this server')
  }
}

const tooLargeVersion = (wanted: number, current: number): StatusError =>
  new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${wanted}, current: ${current}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  })
