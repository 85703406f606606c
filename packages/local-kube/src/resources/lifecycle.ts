/** What a server keeps, sets and refuses on metadata, status and generation. Pure: time and ids come in. */
import { asArray, asObject, asString, deepEqual, valueAt } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { fieldForbidden, fieldInvalid } from '../schema/field-error.ts'
import type { FieldError } from '../schema/field-error.ts'
import type { Resource } from './resource.ts'

export type Subresource = '' | 'status' | 'scale' | 'finalize' | 'binding'

export const timestamp = (now: number): string => `${new Date(now).toISOString().slice(0, 19)}Z`

const metadataOf = (object: JsonObject): JsonObject => asObject(object['metadata'])

export function prepareForCreate({
  resource,
  object,
  now,
  uid,
}: {
  resource: Resource
  object: JsonObject
  now: number
  uid: string
}): JsonObject {
  const {
    resourceVersion: _,
    selfLink: __,
    deletionTimestamp: ___,
    deletionGracePeriodSeconds: ____,
    ...metadata
  } = metadataOf(object)
  const prepared: JsonObject = {
    ...object,
    metadata: {
      ...metadata,
      uid,
      creationTimestamp: timestamp(now),
      ...(resource.hasGeneration ? { generation: 1 } : { generation: undefined }),
    },
  }
  if (!resource.hasGeneration) delete (prepared['metadata'] as JsonObject)['generation']
  if (resource.hasStatus) delete prepared['status']
  return prepared
}

/** Fields outside metadata and status: a change there is a new generation. */
function specOf(resource: Resource, object: JsonObject): JsonObject {
  const { metadata: _, status, ...rest } = object
  return resource.hasStatus || resource.definition !== undefined ? rest : { ...rest, status }
}

export function prepareForUpdate({
  resource,
  current,
  next,
  subresource,
}: {
  resource: Resource
  current: JsonObject
  next: JsonObject
  subresource: Subresource
}): JsonObject {
  const before = metadataOf(current)
  const fixed: JsonObject = {}
  for (const key of [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'resourceVersion',
    'generation',
  ]) {
    if (before[key] !== undefined) fixed[key] = before[key]
  }
  const {
    deletionTimestamp: _,
    deletionGracePeriodSeconds: __,
    generation: ___,
    selfLink: ____,
    ...given
  } = metadataOf(next)
  if (subresource === 'status') {
    // A status write leaves labels, annotations and spec alone.
    const managed = metadataOf(next)['managedFields']
    return {
      ...current,
      metadata: { ...before, ...(managed === undefined ? {} : { managedFields: managed }) },
      ...(next['status'] === undefined ? {} : { status: next['status'] }),
    }
  }
  // Given to a node, a pod is the same pod.
  if (subresource === 'binding') return { ...current, spec: next['spec'], status: next['status'] }
  if (subresource === 'finalize') {
    return {
      ...current,
      spec: { ...asObject(current['spec']), finalizers: asArray(valueAt(next, 'spec', 'finalizers')) },
    }
  }
  const prepared: JsonObject = {
    ...next,
    apiVersion: current['apiVersion'],
    kind: current['kind'],
    metadata: { ...given, ...fixed },
  }
  if (resource.hasStatus) {
    delete prepared['status']
    if (current['status'] !== undefined) prepared['status'] = current['status']
  }
  if (resource.group === '' && resource.kind === 'Namespace') {
    prepared['spec'] = { ...asObject(prepared['spec']), finalizers: valueAt(current, 'spec', 'finalizers') }
  }
  return prepared
}

/** Decided after defaults and admission, which may both change the spec. */
export function withGeneration(resource: Resource, current: JsonObject, next: JsonObject): JsonObject {
  if (!resource.hasGeneration || deepEqual(specOf(resource, current), specOf(resource, next))) return next
  const generation = Number(metadataOf(current)['generation'] ?? 0) + 1
  return { ...next, metadata: { ...metadataOf(next), generation } }
}

export function validateUpdate({ current, next }: { current: JsonObject; next: JsonObject }): FieldError[] {
  const errors: FieldError[] = []
  const before = metadataOf(current)
  const after = metadataOf(next)
  if (after['name'] !== undefined && after['name'] !== before['name']) {
    errors.push(fieldInvalid('metadata.name', asString(after['name']), 'field is immutable'))
  }
  if (before['deletionTimestamp'] !== undefined) {
    const had = asArray(before['finalizers']).map(asString)
    const added = asArray(after['finalizers'])
      .map(asString)
      .filter((finalizer) => !had.includes(finalizer))
    if (added.length > 0) {
      const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ')
      const fault = fieldForbidden(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
      )
      errors.push(fault)
    }
  }
  return errors
}

/** An object on its way out is gone once nothing holds it. */
export function isReleased(object: JsonObject): boolean {
  const metadata = metadataOf(object)
  return (
    metadata['deletionTimestamp'] !== undefined &&
    asArray(metadata['finalizers']).length === 0 &&
    Number(metadata['deletionGracePeriodSeconds'] ?? 0) === 0 &&
    asArray(
      object['kind'] === 'Namespace' && object['apiVersion'] === 'v1'
        ? valueAt(object, 'spec', 'finalizers')
        : undefined,
    ).length === 0
  )
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined
  readonly propagationPolicy?: string | undefined
  readonly orphanDependents?: boolean | undefined
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined
}

/** What a DELETE makes of an object: `undefined` when it goes at once, else its marked form. */
export function markDeleted({
  resource,
  object,
  options,
  now,
}: {
  resource: Resource
  object: JsonObject
  options: DeleteOptions
  now: number
}): JsonObject | undefined {
  const metadata = metadataOf(object)
  const finalizers = new Set(asArray(metadata['finalizers']).map(asString))
  const policy = options.propagationPolicy ?? (options.orphanDependents === true ? 'Orphan' : undefined)
  if (policy === 'Foreground') finalizers.add('foregroundDeletion')
  if (policy === 'Orphan') finalizers.add('orphan')
  if (policy === 'Background' || policy === 'Foreground') finalizers.delete('orphan')
  if (policy === 'Background' || policy === 'Orphan') finalizers.delete('foregroundDeletion')

  const isPod = resource.group === '' && resource.kind === 'Pod'
  const isNamespace = resource.group === '' && resource.kind === 'Namespace'
  const isCrd = resource.kind === 'CustomResourceDefinition' && resource.group === 'apiextensions.k8s.io'
  const grace = isPod ? podGrace(object, options) : 0
  if (isCrd) finalizers.add('customresourcecleanup.apiextensions.k8s.io')
  const held =
    finalizers.size > 0 ||
    grace > 0 ||
    (isNamespace && asArray(valueAt(object, 'spec', 'finalizers')).length > 0)
  if (!held) return undefined

  const already = metadata['deletionTimestamp'] !== undefined
  const before = already ? Number(metadata['deletionGracePeriodSeconds'] ?? 0) : Infinity
  const marked: JsonObject = {
    ...object,
    metadata: {
      ...metadata,
      finalizers: [...finalizers],
      ...(isNamespace ? {} : { deletionGracePeriodSeconds: Math.min(before, grace) }),
      deletionTimestamp:
        already && grace >= before ? metadata['deletionTimestamp'] : timestamp(now + grace * 1000),
      ...(already || !resource.hasGeneration ? {} : { generation: Number(metadata['generation'] ?? 0) + 1 }),
    },
  }
  const markedMetadata = marked['metadata'] as JsonObject
  if (finalizers.size === 0) delete markedMetadata['finalizers']
  if (isNamespace) marked['status'] = { ...asObject(object['status']), phase: 'Terminating' }
  return marked
}

function podGrace(pod: JsonObject, options: DeleteOptions): number {
  if (options.gracePeriodSeconds !== undefined) return options.gracePeriodSeconds
  const phase = valueAt(pod, 'status', 'phase')
  // Nothing runs that could use the time.
  if (valueAt(pod, 'spec', 'nodeName') === undefined || phase === 'Succeeded' || phase === 'Failed') return 0
  return Number(valueAt(pod, 'spec', 'terminationGracePeriodSeconds') ?? 30)
}
