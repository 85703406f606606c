/** The way of a new object: decode, prepare, default, admit, validate, commit. */
import { randomUUID } from 'node:crypto'
import type { AdmissionRequest } from '../admission/admission.ts'
import { asObject, asString, valueAt } from '../json.ts'
import type { JsonObject } from '../json.ts'
import {
  alreadyExists,
  badRequest,
  entityTooLarge,
  forbidden,
  notFound,
  unexpected,
} from '../status-error.ts'
import { ObjectTooLarge, RevisionMismatch } from '../storage/store.ts'
import { withoutAssigned } from './assigned-fields.ts'
import { withEstablishedConditions } from './established-conditions.ts'
import { prepareForCreate } from './lifecycle.ts'
import { recordUpdate } from './managed-fields.ts'
import { generateName } from './names.ts'
import { checkType, withType } from './object-type.ts'
import { refOf } from './resource.ts'
import { decodeObject, prepareValidation, validateShape } from './shape.ts'
import type { Decoded } from './shape.ts'
import { reportUnknown } from './unknown-fields.ts'
import { giveWay } from './write-context.ts'
import type { WriteContext } from './write-context.ts'
import { filled, keyOf, refuse, refuseDepth, requestOf } from './write-parts.ts'
import type { WriteParts } from './write-parts.ts'

export async function createObject({
  parts,
  context,
  body,
  appliedFields = false,
}: {
  readonly parts: WriteParts
  readonly context: WriteContext
  readonly body: JsonObject
  /** True when the body decided managedFields itself (apply). */
  readonly appliedFields?: boolean
}): Promise<JsonObject> {
  const { store, admission, now } = parts
  const { resource } = context
  await giveWay(context)
  const typed = withType(resource, body)
  checkType(resource, typed)
  await giveWay(context)
  const decode = (object: JsonObject): Promise<Decoded> =>
    decodeObject({ resource, body: object, giveWay: () => giveWay(context) })
  const { object: decoded, unknownFields } = await decode(typed)
  await giveWay(context)
  reportUnknown(context, unknownFields, 'body')
  const metadata = asObject(decoded['metadata'])
  if (metadata['resourceVersion'] !== undefined && metadata['resourceVersion'] !== '') {
    throw unexpected('resourceVersion should not be set on objects to be created')
  }
  const namespace = namespaceOf(context, metadata)
  const prefix = asString(metadata['generateName'])
  let name = asString(metadata['name']) || context.name
  const generated = name === '' && prefix !== ''
  if (generated) name = generateName(prefix)
  if (resource.namespaced) checkNamespace(parts, context, namespace, name)

  const identity = { ...metadata, name, ...(resource.namespaced ? { namespace } : {}) }
  if (!resource.namespaced) delete (identity as JsonObject)['namespace']
  const uid = randomUUID()
  let object = prepareForCreate({
    resource,
    object: { ...decoded, metadata: identity },
    now: now(),
    uid,
  })
  await giveWay(context)
  object = await filled({ parts, context, object, old: undefined })
  const request: AdmissionRequest = {
    ...requestOf(context, 'CREATE'),
    namespace,
    name,
    object,
    old: undefined,
  }
  const mutated = await admission.mutate(request)
  if (mutated !== undefined && mutated !== object) {
    const again = (await decode(mutated)).object
    object = await filled({ parts, context, object: again, old: undefined })
  }
  await giveWay(context)
  if (!appliedFields) {
    const recorded = await recordUpdate({
      resource,
      subresource: '',
      current: undefined,
      next: withoutAssigned({ resource, object, given: decoded }),
      manager: context.fieldManager,
      now: now(),
      giveWay: () => giveWay(context),
    })
    const { managedFields } = asObject(recorded['metadata'])
    if (managedFields !== undefined)
      object = { ...object, metadata: { ...asObject(object['metadata']), managedFields } }
  }
  await giveWay(context)
  refuseDepth(object)
  await prepareValidation(resource, object)
  await giveWay(context)
  refuse(context, name, validateShape(resource, object, undefined))
  await admission.validate({ ...request, object })
  await giveWay(context)
  // The namespace may have begun to terminate while a webhook was thinking.
  if (resource.namespaced) checkNamespace(parts, context, namespace, name)

  const key = keyOf({ resource, namespace, name })
  if (store.latest(key) !== undefined) throw alreadyExists(refOf(resource), name)
  const stored = withEstablishedConditions(resource, resource.toStorage(object), now())
  if (context.dryRun) return resource.fromStorage(stored)
  try {
    const committed = await store.commit({ key, expected: 0, object: stored })
    await giveWay(context)
    return resource.fromStorage(committed.object)
  } catch (error) {
    if (error instanceof RevisionMismatch) throw alreadyExists(refOf(resource), name)
    throw error instanceof ObjectTooLarge ? entityTooLarge(error.message) : error
  }
}

function namespaceOf({ resource, namespace }: WriteContext, metadata: JsonObject): string {
  const given = asString(metadata['namespace'])
  if (!resource.namespaced) return ''
  if (given !== '' && given !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`)
  }
  return namespace
}

function checkNamespace(
  { store }: WriteParts,
  { resource }: WriteContext,
  namespace: string,
  name: string,
): void {
  const found = store.latest({ bucket: '/namespaces', namespace: '', name: namespace })
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
