/** What every write needs, and the steps that several kinds of write share. */
import type { Admission, AdmissionRequest } from '../admission/admission.ts'
import { valueAt } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { DEEPEST } from '../limits.ts'
import type { FieldError } from '../schema/field-error.ts'
import { badRequest, conflict, entityTooLarge, invalid } from '../status-error.ts'
import type { Key } from '../storage/key.ts'
import { ObjectTooLarge, RevisionMismatch } from '../storage/store.ts'
import type { Store } from '../storage/store.ts'
import { kindRefOf, refOf } from './resource.ts'
import type { Resource } from './resource.ts'
import { fillDefaults } from './shape.ts'
import { giveWay } from './write-context.ts'
import type { WriteContext } from './write-context.ts'

export interface WriteParts {
  readonly store: Store
  readonly admission: Admission
  readonly now: () => number
}

const ATTEMPTS = 8
/** More of them help nobody. */
const MOST_ERRORS = 100

export function keyOf({
  resource,
  namespace,
  name,
}: {
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
}): Key {
  return { bucket: resource.bucket, namespace: resource.namespaced ? namespace : '', name }
}

/** Undefined when another write came between and the whole is to be repeated. */
export async function commitChange({
  store,
  key,
  expected,
  object,
  attempt,
  context,
  isPinned,
}: {
  readonly store: Store
  readonly key: Key
  /** Revision that is overwritten. */
  readonly expected: number
  /** Left out: it is removed. */
  readonly object: JsonObject | undefined
  /** 1 for the first. */
  readonly attempt: number
  readonly context: WriteContext
  /** The caller named a version: there is nothing to repeat. */
  readonly isPinned: boolean
}): Promise<JsonObject | undefined> {
  try {
    return (await store.commit({ key, expected, object })).object
  } catch (error) {
    if (error instanceof ObjectTooLarge) throw entityTooLarge(error.message)
    if (!(error instanceof RevisionMismatch)) throw error
    if (isPinned || attempt >= ATTEMPTS) throw conflict(refOf(context.resource), context.name)
    return undefined
  }
}

export function filled({
  parts: { store },
  context,
  object,
  old,
}: {
  readonly parts: WriteParts
  readonly context: WriteContext
  readonly object: JsonObject
  readonly old: JsonObject | undefined
}): Promise<JsonObject> {
  return fillDefaults({
    resource: context.resource,
    object,
    context: {
      old,
      isClusterIpUsed: (ip) =>
        store
          .list({ bucket: '/services' })
          .some((service) => valueAt(service.object, 'spec', 'clusterIP') === ip),
    },
    giveWay: () => giveWay(context),
  })
}

export function requestOf(
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

export function refuse(context: WriteContext, name: string, errors: readonly FieldError[]): void {
  if (errors.length === 0) return
  throw invalid(
    kindRefOf(context.resource),
    name,
    errors.slice(0, MOST_ERRORS).map(({ type, message, path }) => ({ reason: type, message, field: path })),
  )
}

/** Patches may build what no single body could say. */
export function refuseDepth(object: JsonObject): void {
  const isDeeper = (value: JsonValue | undefined, levels: number): boolean =>
    typeof value === 'object' &&
    value !== null &&
    (levels === 0 || Object.values(value).some((child) => isDeeper(child, levels - 1)))
  if (isDeeper(object, DEEPEST)) throw badRequest(`the object is nested deeper than ${DEEPEST} levels`)
}
