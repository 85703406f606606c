/**
 * Every change of an object goes through here: decode, prepare, default, admit, validate, commit. Admission is
 * asynchronous, so the revision is checked again at the commit and the whole is repeated when it moved on.
 */
import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { builtinMessageName } from '../builtin/definitions.ts'
import type { Admission, AdmissionRequest, UserInfo } from '../admission/admission.ts'
import { asArray, asObject, asString, deepEqual, valueAt } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { DEEPEST } from '../limits.ts'
import type { FieldError } from '../schema/field-error.ts'
import {
  alreadyExists,
  badRequest,
  conflict,
  entityTooLarge,
  forbidden,
  invalid,
  notFound,
  unexpected,
} from '../status-error.ts'
import { ObjectTooLarge, RevisionMismatch } from '../storage/store.ts'
import type { Key } from '../storage/key.ts'
import type { Store } from '../storage/store.ts'
import {
  isReleased,
  markDeleted,
  prepareForCreate,
  prepareForUpdate,
  validateUpdate,
  withGeneration,
} from './lifecycle.ts'
import type { DeleteOptions, Subresource } from './lifecycle.ts'
import { recordUpdate } from './managed-fields.ts'
import { generateName } from './names.ts'
import { apiVersionOf, kindRefOf, refOf } from './resource.ts'
import type { Resource } from './resource.ts'
import { withoutAssigned } from './assigned-fields.ts'
import { decodeObject, fillDefaults, prepareValidation, validateShape } from './shape.ts'

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

export interface WriteContext {
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
  readonly subresource: Subresource
  readonly user: UserInfo
  readonly fieldManager: string
  readonly fieldValidation: FieldValidation
  readonly dryRun: boolean
  /** So much to read and write that others get their turn between the steps. */
  readonly isLarge?: boolean
  /** Fields that the request names twice. */
  readonly duplicateFields?: () => readonly string[]
  readonly warn: (text: string) => void
}

/** What an update makes of the current object; in the served version. */
export type Change = (current: JsonObject) => {
  readonly object: JsonObject
  /** Where unknown fields are reported; `body` is refused with 400, `patch` with 422. */
  readonly source: 'body' | { readonly patch: string }
  /** True when the change decided managedFields itself (apply). */
  readonly ownsManagedFields?: boolean
}

const ATTEMPTS = 8
/** More of them help nobody. */
const MOST_ERRORS = 100

export class ObjectWriter {
  readonly #store: Store
  readonly #admission: Admission
  readonly #now: () => number

  constructor({ store, admission, now }: { store: Store; admission: Admission; now: () => number }) {
    this.#store = store
    this.#admission = admission
    this.#now = now
  }

  keyOf(context: { resource: Resource; namespace: string; name: string }): Key {
    return {
      bucket: context.resource.bucket,
      namespace: context.resource.namespaced ? context.namespace : '',
      name: context.name,
    }
  }

  async create(
    context: WriteContext,
    body: JsonObject,
    { appliedFields }: { appliedFields?: boolean } = {},
  ): Promise<JsonObject> {
    const { resource } = context
    await giveWay(context)
    const typed = withType(resource, body)
    checkType(resource, typed)
    const { object: decoded, unknownFields } = decodeObject(resource, typed)
    reportUnknown(context, unknownFields, 'body')
    const metadata = asObject(decoded['metadata'])
    if (metadata['resourceVersion'] !== undefined && metadata['resourceVersion'] !== '') {
      throw unexpected('resourceVersion should not be set on objects to be created')
    }
    const namespace = this.#namespaceOf(context, metadata)
    const prefix = asString(metadata['generateName'])
    let name = asString(metadata['name']) || context.name
    const generated = name === '' && prefix !== ''
    if (generated) name = generateName(prefix)
    if (resource.namespaced) this.#checkNamespace(context, namespace, name)

    const identity = { ...metadata, name, ...(resource.namespaced ? { namespace } : {}) }
    if (!resource.namespaced) delete (identity as JsonObject)['namespace']
    const uid = randomUUID()
    let object = prepareForCreate({
      resource,
      object: { ...decoded, metadata: identity },
      now: this.#now(),
      uid,
    })
    await giveWay(context)
    object = this.#fill(resource, object, undefined)
    const request: AdmissionRequest = {
      ...this.#request(context, 'CREATE'),
      namespace,
      name,
      object,
      old: undefined,
    }
    object = (await this.#admission.mutate(request)) ?? object
    await giveWay(context)
    object = this.#fill(resource, decodeObject(resource, object).object, undefined)
    await giveWay(context)
    if (appliedFields !== true) {
      const recorded = await recordUpdate({
        resource,
        subresource: '',
        current: undefined,
        next: withoutAssigned({ resource, object, given: decoded }),
        manager: context.fieldManager,
        now: this.#now(),
        giveWay: () => giveWay(context),
      })
      const { managedFields } = asObject(recorded['metadata'])
      if (managedFields !== undefined)
        object = { ...object, metadata: { ...asObject(object['metadata']), managedFields } }
    }
    await giveWay(context)
    refuseDepth(object)
    await prepareValidation(resource, object)
    this.#refuse(context, name, validateShape(resource, object, undefined))
    await this.#admission.validate({ ...request, object })
    await giveWay(context)
    // The namespace may have begun to terminate while a webhook was thinking.
    if (resource.namespaced) this.#checkNamespace(context, namespace, name)

    const key = this.keyOf({ resource, namespace, name })
    if (this.#store.latest(key) !== undefined) throw alreadyExists(refOf(resource), name)
    const stored = withEstablishedConditions(resource, resource.toStorage(object), this.#now())
    if (context.dryRun) return resource.fromStorage(stored)
    try {
      const committed = await this.#store.commit({ key, expected: 0, object: stored })
      await giveWay(context)
      return resource.fromStorage(committed.object)
    } catch (error) {
      if (error instanceof RevisionMismatch) throw alreadyExists(refOf(resource), name)
      throw error instanceof ObjectTooLarge ? entityTooLarge(error.message) : error
    }
  }

  /** Applies `change` to the latest object; repeats it when another write came between, unless the caller named a version. */
  async update(context: WriteContext, change: Change): Promise<JsonObject> {
    const { resource, subresource, name } = context
    const key = this.keyOf(context)
    for (let attempt = 1; ; attempt += 1) {
      await giveWay(context)
      const stored = this.#store.latest(key)
      if (stored === undefined) throw notFound(refOf(resource), name)
      const current = resource.fromStorage(stored.object)
      const { object: proposed, source, ownsManagedFields } = change(current)
      if (proposed === current) return current
      await giveWay(context)
      const typed = withType(resource, proposed)
      checkType(resource, typed)
      refuseDepth(typed)
      const { object: decoded, unknownFields } = decodeObject(resource, typed)
      await giveWay(context)
      reportUnknown(context, newlyUnknown(resource, current, unknownFields), source)
      const given = asObject(decoded['metadata'])
      const wantedVersion = asString(given['resourceVersion'])
      const currentVersion = asString(valueAt(current, 'metadata', 'resourceVersion'))
      if (wantedVersion !== '' && wantedVersion !== currentVersion) throw conflict(refOf(resource), name)
      const uid = asString(valueAt(current, 'metadata', 'uid'))
      if (asString(given['uid']) !== '' && given['uid'] !== uid) {
        throw conflict(
          refOf(resource),
          name,
          storageError(
            resource,
            context,
            `Precondition failed: UID in precondition: ${asString(given['uid'])}, UID in object meta: ${uid}`,
          ),
        )
      }
      this.#refuse(context, name, validateUpdate({ current, next: decoded }))

      await giveWay(context)
      let next = prepareForUpdate({ resource, current, next: decoded, subresource })
      await giveWay(context)
      next = this.#fill(resource, next, current)
      await giveWay(context)
      const request: AdmissionRequest = { ...this.#request(context, 'UPDATE'), object: next, old: current }
      const mutated = await this.#admission.mutate(request)
      if (mutated !== undefined && mutated !== next)
        next = this.#fill(
          resource,
          prepareForUpdate({ resource, current, next: decodeObject(resource, mutated).object, subresource }),
          current,
        )
      await giveWay(context)
      if (subresource !== 'binding') next = withGeneration(resource, current, next)
      if (ownsManagedFields !== true)
        next = await recordUpdate({
          resource,
          subresource,
          current,
          next,
          manager: context.fieldManager,
          now: this.#now(),
          giveWay: () => giveWay(context),
        })
      await giveWay(context)
      await prepareValidation(resource, next)
      this.#refuse(context, name, validateShape(resource, next, current))
      await this.#admission.validate({ ...request, object: next })
      await giveWay(context)

      if (isReleased(next)) {
        if (context.dryRun) return next
        const done = await this.#commit(
          key,
          stored.revision,
          undefined,
          attempt,
          context,
          wantedVersion !== '',
        )
        if (done !== undefined) return next
        continue
      }
      // A write that changes nothing must not look like a change, or controllers would chase their own tail.
      if (isSame(current, next)) return current
      if (context.dryRun) return next
      const result = await this.#commit(
        key,
        stored.revision,
        resource.toStorage(next),
        attempt,
        context,
        wantedVersion !== '',
      )
      if (result === undefined) continue
      await giveWay(context)
      return resource.fromStorage(result)
    }
  }

  async delete(
    context: WriteContext,
    options: DeleteOptions,
  ): Promise<{ readonly object: JsonObject; readonly gone: boolean }> {
    const { resource, name } = context
    const key = this.keyOf(context)
    for (let attempt = 1; ; attempt += 1) {
      const stored = this.#store.latest(key)
      if (stored === undefined) throw notFound(refOf(resource), name)
      const current = resource.fromStorage(stored.object)
      const { uid, resourceVersion } = options.preconditions ?? {}
      const metadata = asObject(current['metadata'])
      if (uid !== undefined && uid !== metadata['uid']) {
        throw conflict(
          kindRefOf(resource),
          name,
          `the UID in the precondition (${uid}) does not match the UID in record (${asString(metadata['uid'])}). The object might have been deleted and then recreated`,
        )
      }
      if (resourceVersion !== undefined && resourceVersion !== metadata['resourceVersion']) {
        throw conflict(
          kindRefOf(resource),
          name,
          `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${asString(metadata['resourceVersion'])}). The object might have been modified`,
        )
      }
      if (
        resource.group === '' &&
        resource.kind === 'Namespace' &&
        ['default', 'kube-system', 'kube-public'].includes(name)
      ) {
        throw forbidden(refOf(resource), name, 'this namespace may not be deleted')
      }
      await this.#admission.validate({ ...this.#request(context, 'DELETE'), object: undefined, old: current })
      const marked = markDeleted({ resource, object: current, options, now: this.#now() })
      if (marked === undefined) {
        if (context.dryRun) return { object: current, gone: true }
        const gone = await this.#commit(key, stored.revision, undefined, attempt, context, false)
        if (gone !== undefined) return { object: current, gone: true }
        continue
      }
      if (context.dryRun || isSame(current, marked)) return { object: marked, gone: false }
      const result = await this.#commit(
        key,
        stored.revision,
        resource.toStorage(marked),
        attempt,
        context,
        false,
      )
      if (result !== undefined) return { object: resource.fromStorage(result), gone: false }
    }
  }

  async #commit(
    key: Key,
    expected: number,
    object: JsonObject | undefined,
    attempt: number,
    context: WriteContext,
    pinned: boolean,
  ): Promise<JsonObject | undefined> {
    try {
      return (await this.#store.commit({ key, expected, object })).object
    } catch (error) {
      if (error instanceof ObjectTooLarge) throw entityTooLarge(error.message)
      if (!(error instanceof RevisionMismatch)) throw error
      if (pinned || attempt >= ATTEMPTS) throw conflict(refOf(context.resource), context.name)
      return undefined
    }
  }

  #fill(resource: Resource, object: JsonObject, old: JsonObject | undefined): JsonObject {
    return fillDefaults(resource, object, {
      old,
      isClusterIpUsed: (ip) =>
        this.#store
          .list({ bucket: '/services' })
          .some((service) => valueAt(service.object, 'spec', 'clusterIP') === ip),
    })
  }

  #request(
    context: WriteContext,
    operation: AdmissionRequest['operation'],
  ): Omit<AdmissionRequest, 'object' | 'old'> {
    const { resource, subresource, namespace, name, user, dryRun, warn } = context
    const kind =
      operation === 'CREATE' ? 'CreateOptions' : operation === 'UPDATE' ? 'UpdateOptions' : 'DeleteOptions'
    return {
      operation,
      resource,
      subresource,
      namespace,
      name,
      user,
      dryRun,
      warn,
      options: { apiVersion: 'meta.k8s.io/v1', kind },
    }
  }

  #refuse(context: WriteContext, name: string, errors: readonly FieldError[]): void {
    if (errors.length === 0) return
    throw invalid(
      kindRefOf(context.resource),
      name,
      errors.slice(0, MOST_ERRORS).map(({ type, message, path }) => ({ reason: type, message, field: path })),
    )
  }

  #namespaceOf({ resource, namespace }: WriteContext, metadata: JsonObject): string {
    const given = asString(metadata['namespace'])
    if (!resource.namespaced) return ''
    if (given !== '' && given !== namespace) {
      throw badRequest(
        `the namespace of the provided object does not match the namespace sent on the request`,
      )
    }
    return namespace
  }

  #checkNamespace({ resource }: WriteContext, namespace: string, name: string): void {
    const found = this.#store.latest({ bucket: '/namespaces', namespace: '', name: namespace })
    if (found === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace)
    if (valueAt(found.object, 'metadata', 'deletionTimestamp') === undefined) return
    throw forbidden(
      refOf(resource),
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    )
  }
}

async function giveWay({ isLarge }: WriteContext): Promise<void> {
  if (isLarge === true) await nextTurn()
}

/** Patches may build what no single body could say. */
function refuseDepth(object: JsonObject): void {
  const isDeeper = (value: JsonValue | undefined, levels: number): boolean =>
    typeof value === 'object' &&
    value !== null &&
    (levels === 0 || Object.values(value).some((child) => isDeeper(child, levels - 1)))
  if (isDeeper(object, DEEPEST)) throw badRequest(`the object is nested deeper than ${DEEPEST} levels`)
}

/** A failed precondition is told in the words of the storage. */
function storageError(
  { group, plural, custom }: Resource,
  { namespace, name }: WriteContext,
  message: string,
): string {
  const parts = ['/registry', ...(custom === undefined ? [] : [group]), plural, namespace, name]
  const key = parts.filter((part) => part !== '').join('/')
  return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${message}`
}

/** A builtin may leave out its type, which the path says; typed clients do. A custom resource may not. */
function withType(resource: Resource, object: JsonObject): JsonObject {
  if (resource.definition === undefined) return object
  const { kind, apiVersion } = object
  if (asString(kind) !== '' && asString(apiVersion) !== '') return object
  return {
    ...object,
    kind: asString(kind) || resource.kind,
    apiVersion: asString(apiVersion) || apiVersionOf(resource),
  }
}

function checkType(resource: Resource, object: JsonObject): void {
  const apiVersion = apiVersionOf(resource)
  if (object['apiVersion'] === apiVersion && object['kind'] === resource.kind) return
  const given = asString(object['apiVersion'])
  if (asString(object['kind']) === '') throw badRequest("Object 'Kind' is missing in the request body")
  if (
    resource.definition !== undefined &&
    builtinMessageName(given, asString(object['kind'])) !== undefined
  ) {
    const internal = resource.group === '' ? 'core' : (resource.group.split('.')[0] ?? '')
    const [group, version = group] = given.split('/')
    throw badRequest(
      `${asString(object['kind'])} in version "${version ?? ''}" cannot be handled as a ${resource.kind}: converting (${version ?? ''}.${asString(object['kind'])}) to (${internal}.${resource.kind}): unknown conversion`,
    )
  }
  throw badRequest(
    `${asString(object['kind'])} in version "${given}" cannot be handled as a ${resource.kind}: the API version in the data (${given}) and kind (${asString(object['kind'])}) do not match the expected ${apiVersion}, Kind=${resource.kind}`,
  )
}

/** Fields a newer schema stopped knowing are not the fault of whoever patches something else. */
function newlyUnknown(
  resource: Resource,
  current: JsonObject,
  unknown: readonly string[],
): readonly string[] {
  if (unknown.length === 0) return unknown
  const before = new Set(decodeObject(resource, current).unknownFields)
  return unknown.filter((field) => !before.has(field))
}

function reportUnknown(
  context: WriteContext,
  unknownFields: readonly string[],
  source: 'body' | { readonly patch: string },
): void {
  if (context.fieldValidation === 'Ignore') return
  const texts = [
    ...unknownFields.map((field) => `unknown field "${field}"`),
    ...(context.duplicateFields?.() ?? []).map((field) => `duplicate field "${field}"`),
  ]
  if (texts.length === 0) return
  if (context.fieldValidation === 'Warn') {
    for (const text of texts) context.warn(text)
    return
  }
  const { resource, name } = context
  const detail = `strict decoding error: ${texts.join(', ')}`
  if (source === 'body') {
    throw badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${detail}`,
    )
  }
  throw invalid(kindRefOf(resource), name, [
    {
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(source.patch)}: ${detail}`,
      field: 'patch',
    },
  ])
}

function isSame(current: JsonObject, next: JsonObject): boolean {
  return deepEqual(withoutManagedTimes(current), withoutManagedTimes(next))
}

function withoutManagedTimes(object: JsonObject): JsonObject {
  const metadata = asObject(object['metadata'])
  const managedFields = asArray(metadata['managedFields']).map((entry) => ({
    ...asObject(entry),
    time: null,
  }))
  return { ...object, metadata: { ...metadata, managedFields } }
}

function withEstablishedConditions(resource: Resource, object: JsonObject, now: number): JsonObject {
  if (resource.kind !== 'CustomResourceDefinition' || resource.group !== 'apiextensions.k8s.io') return object
  const lastTransitionTime = `${new Date(now).toISOString().slice(0, 19)}Z`
  const conditions = [
    {
      type: 'NamesAccepted',
      status: 'True',
      lastTransitionTime,
      reason: 'NoConflicts',
      message: 'no conflicts found',
    },
    {
      type: 'Established',
      status: 'True',
      lastTransitionTime,
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    },
  ]
  return { ...object, status: { ...asObject(object['status']), conditions } }
}
