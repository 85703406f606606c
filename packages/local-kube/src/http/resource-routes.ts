/** From a resource path and a method to a read or a write. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { JsonObject, JsonValue } from '../json.ts'
import { asObject, asString, isObject, valueAt } from '../json.ts'
import { LARGE } from '../limits.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { applyMergePatch } from '../patch/merge-patch.ts'
import { applyStrategicMergePatch } from '../patch/strategic-merge.ts'
import { builtinSchema } from '../builtin/definitions.ts'
import { timestamp } from '../resources/lifecycle.ts'
import type { DeleteOptions, Subresource } from '../resources/lifecycle.ts'
import type { ObjectWriter } from '../resources/object-writer.ts'
import { giveWay } from '../resources/write-context.ts'
import type { Change, FieldValidation, WriteContext } from '../resources/write-context.ts'
import type { Registry } from '../resources/registry.ts'
import { refOf } from '../resources/resource.ts'
import type { Resource } from '../resources/resource.ts'
import { scaleOf, withScale } from '../resources/scale.ts'
import { selectorOf } from '../resources/selectors.ts'
import {
  StatusError,
  badRequest,
  methodNotAllowed,
  noSuchRoute,
  notFound,
  unsupportedMediaType,
} from '../status-error.ts'
import type { Key } from '../storage/key.ts'
import type { Store } from '../storage/store.ts'
import type { Exchange } from './exchange.ts'
import { eachInTurns } from './in-turns.ts'
import type { ResourcePath } from './request-info.ts'
import { checkAccept, checkPropagation, checkWriteOptions } from './write-options.ts'
import { represent } from './resource-reader.ts'
import type { ResourceReader } from './resource-reader.ts'
import { applyConfiguration } from '../patch/server-side-apply.ts'

export interface SubresourceRoute {
  (request: {
    readonly exchange: Exchange
    readonly resource: Resource
    readonly path: ResourcePath
  }): Promise<void>
}

export class ResourceRoutes {
  readonly #store: Store
  readonly #registry: Registry
  readonly #reader: ResourceReader
  readonly #writer: ObjectWriter
  readonly #now: () => number
  /** `group/plural/subresource`, for what is neither an object nor a part of one. */
  readonly #special: ReadonlyMap<string, SubresourceRoute>

  constructor({
    store,
    registry,
    reader,
    writer,
    now,
    special,
  }: {
    store: Store
    registry: Registry
    reader: ResourceReader
    writer: ObjectWriter
    now: () => number
    special: ReadonlyMap<string, SubresourceRoute>
  }) {
    this.#store = store
    this.#registry = registry
    this.#reader = reader
    this.#writer = writer
    this.#now = now
    this.#special = special
  }

  async answer(exchange: Exchange, path: ResourcePath): Promise<void> {
    const resource = this.#registry.find(path)
    if (resource === undefined) throw noSuchRoute()
    if (!resource.namespaced && path.namespace !== undefined) throw noSuchRoute()
    if (resource.namespaced && path.namespace === undefined && path.name !== undefined) throw noSuchRoute()
    if (resource.group === '' && resource.plural === 'endpoints')
      exchange.warn('v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice')
    if (path.isWatch) {
      if (resource.custom !== undefined || exchange.method !== 'GET') throw noSuchRoute()
      exchange.query.set('watch', 'true')
    }
    checkAccept(exchange.accept, resource.custom !== undefined)
    checkWriteOptions({
      method: exchange.method,
      query: exchange.query,
      isApply: APPLY_TYPES.has(exchange.contentType),
    })
    if (path.subresource !== undefined) {
      const special = this.#special.get(`${resource.group}/${resource.plural}/${path.subresource}`)
      if (special !== undefined) return special({ exchange, resource, path })
    }
    return path.name === undefined
      ? this.#collection(exchange, resource, path)
      : this.#object(exchange, resource, path)
  }

  async #collection(exchange: Exchange, resource: Resource, path: ResourcePath): Promise<void> {
    switch (exchange.method) {
      case 'GET':
      case 'HEAD':
        if (isWatch(exchange)) this.#reader.watch(exchange, resource, path)
        else await this.#reader.list(exchange, resource, path)
        return
      case 'POST': {
        if (resource.namespaced && path.namespace === undefined) {
          // kubectl never does this; controllers with a bug do.
          throw badRequest('the server could not find a namespace in the request path')
        }
        const body = await exchange.objectBody()
        const name = asString(valueAt(body, 'metadata', 'name'))
        const object = await this.#writer.create(
          this.#context(exchange, resource, { ...path, name }, ''),
          body,
        )
        this.#send(exchange, resource, object, 201)
        return
      }
      case 'DELETE':
        await this.#deleteCollection(exchange, resource, path)
        return
      default:
        throw methodNotAllowed()
    }
  }

  async #object(exchange: Exchange, resource: Resource, path: ResourcePath): Promise<void> {
    const subresource = this.#subresource(resource, path)
    const context = this.#context(exchange, resource, path, subresource)
    switch (exchange.method) {
      case 'GET':
      case 'HEAD': {
        if (subresource === 'scale') {
          exchange.json(scaleOf(resource, this.#current(resource, path)))
          return
        }
        if (isWatch(exchange) && subresource === '') {
          exchange.query.set('fieldSelector', `metadata.name=${path.name ?? ''}`)
          this.#reader.watch(exchange, resource, path)
          return
        }
        this.#reader.get(exchange, resource, path)
        return
      }
      case 'PUT': {
        const body = await exchange.objectBody()
        if (subresource === 'scale') {
          await this.#writeScale(exchange, context, () => body)
          return
        }
        const bodyName = asString(valueAt(body, 'metadata', 'name'))
        if (bodyName !== '' && bodyName !== path.name) {
          throw badRequest(
            `the name of the object (${bodyName}) does not match the name on the URL (${path.name ?? ''})`,
          )
        }
        const needsVersion =
          resource.custom !== undefined && asString(valueAt(body, 'metadata', 'resourceVersion')) === ''
        if (needsVersion) this.#current(resource, path)
        if (needsVersion) throw mustSpecifyVersion(resource, path.name ?? '')
        this.#send(
          exchange,
          resource,
          await this.#writer.update(context, () => ({ object: body, source: 'body' })),
          200,
        )
        return
      }
      case 'PATCH':
        await this.#patch(exchange, context, path)
        return
      case 'DELETE':
        if (subresource !== '') throw methodNotAllowed()
        await this.#delete(exchange, context)
        return
      default:
        throw methodNotAllowed()
    }
  }

  #subresource(resource: Resource, { subresource, name }: ResourcePath): Subresource {
    // A custom resource without a subresource is talked of as one without the object.
    const absent = (): StatusError =>
      resource.custom === undefined ? noSuchRoute() : notFound(refOf(resource), name ?? '')
    switch (subresource) {
      case undefined:
        return ''
      case 'status':
        if (resource.hasStatus) return 'status'
        throw absent()
      case 'scale':
        if (resource.scale !== undefined) return 'scale'
        throw absent()
      case 'finalize':
        if (resource.group === '' && resource.plural === 'namespaces') return 'finalize'
        throw noSuchRoute()
      default:
        throw noSuchRoute()
    }
  }

  #context(
    exchange: Exchange,
    resource: Resource,
    path: ResourcePath,
    subresource: Subresource,
  ): WriteContext {
    const { query, request } = exchange
    const agent = request.headers['user-agent'] ?? 'unknown'
    const validation = query.get('fieldValidation')
    const dryRun = query.getAll('dryRun').filter((value) => value !== '')
    return {
      resource,
      namespace: path.namespace ?? '',
      name: path.name ?? '',
      subresource,
      user: exchange.user,
      fieldManager: query.get('fieldManager') ?? agent.split('/')[0] ?? 'unknown',
      fieldValidation: validation === null || validation === '' ? 'Warn' : (validation as FieldValidation),
      dryRun: dryRun.length > 0,
      isLarge:
        // A body in chunks does not say how long it will be.
        request.headers['transfer-encoding'] !== undefined ||
        Number(request.headers['content-length'] ?? 0) > LARGE ||
        (this.#store.latest({
          bucket: resource.bucket,
          namespace: path.namespace ?? '',
          name: path.name ?? '',
        })?.text.length ?? 0) > LARGE,
      duplicateFields: () => exchange.duplicateFields(),
      warn: (text) => exchange.warn(text),
    }
  }

  #current(resource: Resource, path: ResourcePath): JsonObject {
    const stored = this.#store.latest({
      bucket: resource.bucket,
      namespace: path.namespace ?? '',
      name: path.name ?? '',
    })
    if (stored === undefined) throw notFound(refOf(resource), path.name ?? '')
    return resource.fromStorage(stored.object)
  }

  #send(exchange: Exchange, resource: Resource, object: JsonObject, code: number): void {
    exchange.json(represent({ exchange, resource, object, now: this.#now() }), { code })
  }

  async #patch(exchange: Exchange, context: WriteContext, path: ResourcePath): Promise<void> {
    const { resource } = context
    const type = exchange.contentType
    if (resource.definition !== undefined && !APPLY_TYPES.has(type) && !PATCH_TYPES.has(type)) {
      throw new StatusError({
        code: 415,
        reason: 'UnsupportedMediaType',
        message: '415: Unsupported Media Type',
        details: {},
      })
    }
    const body = await exchange.body()
    if (body === undefined) throw badRequest('the patch is empty')
    if (APPLY_TYPES.has(type)) {
      await this.#apply(exchange, context, path, body)
      return
    }
    const text = JSON.stringify(body)
    const patched = (current: JsonObject): JsonObject => {
      switch (type) {
        case 'application/json-patch+json':
          return applyJsonPatch(current, body)
        case 'application/merge-patch+json':
          return asObject(applyMergePatch(current, body))
        case 'application/strategic-merge-patch+json': {
          if (resource.definition === undefined) break
          if (!isObject(body)) throw badRequest('the patch must be an object')
          return applyStrategicMergePatch({
            target: current,
            patch: body,
            schema: builtinSchema(resource.definition),
          })
        }
      }
      const accepted = [
        'application/json-patch+json',
        'application/merge-patch+json',
        'application/apply-patch+yaml',
      ]
      if (resource.definition !== undefined) accepted.splice(2, 0, 'application/strategic-merge-patch+json')
      throw unsupportedMediaType(
        `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
      )
    }
    if (context.subresource === 'scale') {
      await this.#writeScale(exchange, context, patched)
      return
    }
    // Only a version the patch itself names pins the write.
    const pins = Array.isArray(body)
      ? body.some((operation) => asString(asObject(operation)['path']) === '/metadata/resourceVersion')
      : asString(valueAt(body, 'metadata', 'resourceVersion')) !== ''
    const change: Change = (current) => {
      const object = patched(current)
      return { object: pins ? object : withoutVersion(object), source: { patch: text } }
    }
    this.#send(exchange, resource, await this.#writer.update(context, change), 200)
  }

  async #apply(
    exchange: Exchange,
    context: WriteContext,
    path: ResourcePath,
    body: JsonValue,
  ): Promise<void> {
    const { resource } = context
    if (!isObject(body)) throw badRequest('the applied configuration must be an object')
    const force = exchange.query.get('force') === 'true'
    const options = {
      resource,
      name: context.name,
      applied: body,
      manager: context.fieldManager,
      force,
      subresource: context.subresource,
      now: this.#now(),
      giveWay: () => giveWay(context),
    }
    const exists = this.#store.latest(this.#writer.keyOf(context)) !== undefined
    if (!exists) {
      if (context.subresource !== '') throw notFound(refOf(resource), context.name)
      const named = { ...body, metadata: { ...asObject(body['metadata']), name: path.name } }
      const { object } = await applyConfiguration({ ...options, applied: named, current: undefined })
      this.#send(exchange, resource, await this.#writer.create(context, object, { appliedFields: true }), 201)
      return
    }
    const result = await this.#writer.update(context, async (current) => {
      const { object } = await applyConfiguration({ ...options, current })
      const named = asString(valueAt(body, 'metadata', 'resourceVersion')) !== ''
      return {
        object: named
          ? {
              ...object,
              metadata: {
                ...asObject(object['metadata']),
                resourceVersion: valueAt(body, 'metadata', 'resourceVersion'),
              },
            }
          : withoutVersion(object),
        source: { patch: JSON.stringify(body) },
        ownsManagedFields: true,
      }
    })
    this.#send(exchange, resource, result, 200)
  }

  async #writeScale(
    exchange: Exchange,
    context: WriteContext,
    change: (scale: JsonObject) => JsonObject,
  ): Promise<void> {
    const { resource } = context
    const updated = await this.#writer.update(context, (current) => {
      const scale = scaleOf(resource, current)
      return { object: withScale(resource, current, change(scale)), source: 'body' }
    })
    exchange.json(scaleOf(resource, updated))
  }

  async #deleteOptions(exchange: Exchange): Promise<DeleteOptions> {
    const body = asObject((await exchange.body()) ?? {})
    const { query } = exchange
    const grace =
      body['gracePeriodSeconds'] ??
      (query.has('gracePeriodSeconds') ? Number(query.get('gracePeriodSeconds')) : undefined)
    const propagationPolicy =
      asString(body['propagationPolicy']) || (query.get('propagationPolicy') ?? undefined)
    checkPropagation(propagationPolicy)
    return {
      gracePeriodSeconds: typeof grace === 'number' ? grace : undefined,
      propagationPolicy,
      orphanDependents: body['orphanDependents'] === true,
      preconditions: isObject(body['preconditions'])
        ? (body['preconditions'] as { uid?: string; resourceVersion?: string })
        : undefined,
    }
  }

  async #delete(exchange: Exchange, context: WriteContext): Promise<void> {
    const options = await this.#deleteOptions(exchange)
    const { resource, name } = context
    const { object, gone } = await this.#writer.delete(context, options)
    const isPod = resource.group === '' && resource.kind === 'Pod'
    if (!gone || isPod) {
      this.#send(exchange, resource, gone ? ended(object, this.#now()) : object, 200)
      return
    }
    exchange.json({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: {
        name,
        ...(resource.group === '' ? {} : { group: resource.group }),
        kind: resource.plural,
        uid: valueAt(object, 'metadata', 'uid') ?? '',
      },
    })
  }

  async #deleteCollection(exchange: Exchange, resource: Resource, path: ResourcePath): Promise<void> {
    if (!resource.verbs.includes('deletecollection')) throw methodNotAllowed()
    const options = await this.#deleteOptions(exchange)
    const matches = selectorOf(exchange.query, resource)
    const doomed: Key[] = []
    await eachInTurns(
      this.#store.list({
        bucket: resource.bucket,
        ...(path.namespace === undefined ? {} : { namespace: path.namespace }),
      }),
      ({ key, object }) => {
        if (matches === undefined || matches(resource.fromStorage(object))) doomed.push(key)
      },
    )
    const remove = async (key: Key): Promise<readonly JsonObject[]> => {
      const named = { ...path, namespace: key.namespace, name: key.name }
      try {
        return [(await this.#writer.delete(this.#context(exchange, resource, named, ''), options)).object]
      } catch (error) {
        if (error instanceof StatusError && error.reason === 'NotFound') return []
        throw error
      }
    }
    const removed: JsonObject[] = []
    while (doomed.length > 0) {
      const together = await Promise.all(doomed.splice(0, REMOVED_TOGETHER).map(remove))
      removed.push(...together.flat())
      await nextTurn()
    }
    exchange.json({
      kind: resource.listKind,
      apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
      metadata: { resourceVersion: String(this.#store.revision) },
      items: removed,
    })
  }
}

/** Objects of a collection that go in one turn, and one flush. */
const REMOVED_TOGETHER = 100

const APPLY_TYPES = new Set(['application/apply-patch+yaml', 'application/apply-patch+cbor'])
const PATCH_TYPES = new Set([
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
])

const isWatch = ({ query }: Exchange): boolean => query.get('watch') === 'true' || query.get('watch') === '1'

const withoutVersion = (object: JsonObject): JsonObject => {
  const { resourceVersion: _, ...metadata } = asObject(object['metadata'])
  return { ...object, metadata }
}

/** A pod that went at once, as it would have been on its way. */
function ended(pod: JsonObject, now: number): JsonObject {
  const metadata = asObject(pod['metadata'])
  const fresh =
    metadata['deletionTimestamp'] === undefined
      ? { deletionTimestamp: timestamp(now), generation: Number(metadata['generation'] ?? 0) + 1 }
      : {}
  return { ...pod, metadata: { ...metadata, ...fresh, deletionGracePeriodSeconds: 0 } }
}

const mustSpecifyVersion = (resource: Resource, name: string): StatusError =>
  new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${resource.plural}.${resource.group} "${name}" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`,
    details: {
      name,
      group: resource.group,
      kind: resource.plural,
      causes: [
        {
          reason: 'FieldValueInvalid',
          message: 'Invalid value: 0: must be specified for an update',
          field: 'metadata.resourceVersion',
        },
      ],
    },
  })
