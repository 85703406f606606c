/** What must be true of the stored object before it is changed or deleted. */
import { asObject, asString, valueAt } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { conflict, forbidden } from '../status-error.ts'
import type { DeleteOptions } from './lifecycle.ts'
import { kindRefOf, refOf } from './resource.ts'
import type { Resource } from './resource.ts'
import type { WriteContext } from './write-context.ts'

/** Whether the caller named the version that it has seen. */
export function checkUpdatePreconditions({
  context,
  current,
  given,
}: {
  readonly context: WriteContext
  readonly current: JsonObject
  /** Metadata as it was sent. */
  readonly given: JsonObject
}): boolean {
  const { resource, name } = context
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
  return wantedVersion !== ''
}

export function checkDeletePreconditions({
  context: { resource, name },
  current,
  options,
}: {
  readonly context: WriteContext
  readonly current: JsonObject
  readonly options: DeleteOptions
}): void {
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
