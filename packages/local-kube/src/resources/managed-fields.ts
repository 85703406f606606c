/** Field ownership (`metadata.managedFields`): who wrote which field last, by update or by apply. */
import { asArray, asObject, asString, deepEqual } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { differenceOf, fromFieldsV1, ownablePart, schemaOf, toFieldsV1 } from './field-paths.ts'
import { timestamp } from './lifecycle.ts'
import type { Subresource } from './lifecycle.ts'
import { apiVersionOf } from './resource.ts'
import type { Resource } from './resource.ts'

export interface Owner {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string
  readonly fields: ReadonlySet<string>
}

export function readOwners(object: JsonObject | undefined): readonly Owner[] {
  return asArray(asObject(object?.['metadata'])['managedFields'])
    .map(asObject)
    .filter((entry) => asString(entry['manager']) !== '' || entry['fieldsV1'] !== undefined)
    .map((entry) => ({
      manager: asString(entry['manager']),
      operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
      apiVersion: asString(entry['apiVersion']),
      subresource: asString(entry['subresource']),
      time: asString(entry['time']),
      fields: fromFieldsV1(entry['fieldsV1']),
    }))
}

export async function writeOwners({
  object,
  owners,
  giveWay,
}: {
  readonly object: JsonObject
  readonly owners: readonly Owner[]
  /** Called between steps that take long for large objects. */
  readonly giveWay: () => Promise<void>
}): Promise<JsonObject> {
  const entries: JsonValue[] = []
  const written = owners.filter(({ fields }) => fields.size > 0).toSorted(inOrder)
  for (const { manager, operation, apiVersion, subresource, time, fields } of written)
    entries.push({
      manager,
      operation,
      apiVersion,
      ...(time === '' ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: await toFieldsV1(fields, giveWay),
      ...(subresource === '' ? {} : { subresource }),
    })
  const { managedFields: _, ...metadata } = asObject(object['metadata'])
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } }
}

/** The order Kubernetes keeps: those who applied first, then by time, then by name. */
function inOrder(a: Owner, b: Owner): number {
  const keys = ({ operation, time, manager, apiVersion, subresource }: Owner): readonly string[] => [
    operation,
    time,
    manager,
    apiVersion,
    subresource,
  ]
  const [left, right] = [keys(a), keys(b)]
  const index = left.findIndex((key, position) => key !== right[position])
  return index < 0 ? 0 : (left[index] ?? '') < (right[index] ?? '') ? -1 : 1
}

export const without = (
  fields: ReadonlySet<string>,
  ...dropped: readonly ReadonlySet<string>[]
): ReadonlySet<string> => new Set([...fields].filter((id) => !dropped.some((set) => set.has(id))))

/** Gives what a plain write changed to its manager, and takes it from everybody else. */
export async function recordUpdate({
  resource,
  subresource,
  current,
  next,
  manager,
  now,
  giveWay,
}: {
  resource: Resource
  subresource: Subresource
  current: JsonObject | undefined
  next: JsonObject
  manager: string
  now: number
  /** Called between steps that take long for large objects. */
  giveWay: () => Promise<void>
}): Promise<JsonObject> {
  const given = asObject(next['metadata'])['managedFields']
  const before = asObject(current?.['metadata'])['managedFields']
  // A client that edits managedFields means it; one that leaves them out does not.
  const edited = given !== undefined && !deepEqual(given, before)
  const owners = readOwners(edited ? next : current)
  await giveWay()
  const shown = subresource === 'finalize' ? '' : subresource
  const part = (object: JsonObject): JsonObject => ownablePart(resource, object, shown)
  const { changed, removed } = await differenceOf({
    schema: schemaOf(resource),
    before: current === undefined ? {} : part(current),
    after: part(next),
    giveWay,
  })
  await giveWay()
  if (changed.size === 0 && removed.size === 0) {
    if (edited) return writeOwners({ object: next, owners, giveWay })
    return before === undefined
      ? next
      : { ...next, metadata: { ...asObject(next['metadata']), managedFields: before } }
  }
  const apiVersion = apiVersionOf(resource)
  const isMine = (owner: Owner): boolean =>
    owner.manager === manager &&
    owner.operation === 'Update' &&
    owner.apiVersion === apiVersion &&
    owner.subresource === shown
  const mine = owners.find(isMine)
  const fields = new Set([...(mine === undefined ? [] : without(mine.fields, removed)), ...changed])
  const others = owners
    .filter((owner) => !isMine(owner))
    .map((owner) => ({ ...owner, fields: without(owner.fields, changed, removed) }))
  await giveWay()
  const own: Owner = {
    manager,
    operation: 'Update',
    apiVersion,
    subresource: shown,
    // A Scale is a view of the object, and is written at no time of its own.
    time: shown === 'scale' ? '' : timestamp(now),
    fields,
  }
  return writeOwners({ object: next, owners: [...others, own], giveWay })
}
