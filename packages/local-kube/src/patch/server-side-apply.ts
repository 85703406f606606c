/**
 * Server-side apply: merges a configuration into an object field by field, refuses to take fields others own (unless
 * forced), and removes what the manager applied before and no longer does.
 */
import { asArray, asObject, deepEqual, isObject, setOwn } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import {
  differenceOf,
  fieldSchema,
  fieldsOf,
  isAtomicMap,
  itemElement,
  itemSchema,
  ownablePart,
  pathId,
  pathOf,
  readablePath,
  schemaOf,
} from '../resources/field-paths.ts'
import type { Path } from '../resources/field-paths.ts'
import { timestamp } from '../resources/lifecycle.ts'
import type { Subresource } from '../resources/lifecycle.ts'
import { readOwners, without, writeOwners } from '../resources/managed-fields.ts'
import type { Owner } from '../resources/managed-fields.ts'
import { apiVersionOf } from '../resources/resource.ts'
import type { Resource } from '../resources/resource.ts'
import type { StructuralSchema } from '../schema/structural-schema.ts'
import { StatusError, badRequest } from '../status-error.ts'

export function applyConfiguration({
  resource,
  applied,
  current,
  manager,
  force,
  subresource,
  now,
}: {
  resource: Resource
  applied: JsonObject
  current: JsonObject | undefined
  manager: string
  force: boolean
  subresource: Subresource
  now: number
}): { readonly object: JsonObject } {
  if (
    asObject(applied['metadata'])['managedFields'] !== undefined &&
    asArray(asObject(applied['metadata'])['managedFields']).length > 0
  ) {
    throw badRequest('metadata.managedFields must be nil')
  }
  const schema = schemaOf(resource)
  const part = ownablePart(resource, applied, subresource)
  const wanted = new Set([...fieldsOf(schema, part).keys()].filter((id) => id !== '[]'))
  const apiVersion = apiVersionOf(resource)
  const mine = (owner: Owner): boolean =>
    owner.manager === manager && owner.operation === 'Apply' && owner.subresource === subresource
  const owners = readOwners(current)
  const previous = owners.find(mine)
  const base = current ?? {
    apiVersion: applied['apiVersion'],
    kind: applied['kind'],
    metadata: asObject(applied['metadata']),
  }
  const live = ownablePart(resource, base, subresource)
  const mergedPart = asObject(merge(schema, current === undefined ? {} : live, part))

  const { changed } = differenceOf(schema, current === undefined ? {} : live, mergedPart)
  const others = owners.filter((owner) => !mine(owner))
  const conflicts = others
    .map((owner) => ({ owner, fields: [...owner.fields].filter((id) => changed.has(id)) }))
    .filter(({ fields }) => fields.length > 0)
  if (conflicts.length > 0 && !force) throw conflictError(conflicts)

  const taken = new Set(conflicts.flatMap(({ fields }) => fields))
  const remaining = others.map((owner) => ({ ...owner, fields: without(owner.fields, taken) }))
  const kept = new Set([...wanted, ...remaining.flatMap((owner) => [...owner.fields])])
  const dropped = [...(previous?.fields ?? [])].filter((id) => !kept.has(id)).map(pathOf)
  // Shallowest first: a list item must go before the key that identifies it.
  const pruned = dropped
    .toSorted((a, b) => a.length - b.length)
    .reduce<JsonObject>((object, path) => asObject(removePath(schema, object, path, kept, [])), mergedPart)

  const unchanged = previous !== undefined && sameSet(previous.fields, wanted)
  const own: Owner = {
    manager,
    operation: 'Apply',
    apiVersion,
    subresource,
    time: unchanged ? previous.time : timestamp(now),
    fields: wanted,
  }
  const merged: JsonObject = {
    ...base,
    ...pruned,
    metadata: { ...serverMetadata(base), ...asObject(pruned['metadata']) },
  }
  if (subresource === 'status') merged['metadata'] = asObject(base['metadata'])
  for (const key of Object.keys(live)) if (!(key in pruned) && key !== 'metadata') delete merged[key]
  return { object: writeOwners(merged, [...remaining, own]) }
}

function serverMetadata(object: JsonObject): JsonObject {
  const {
    labels: _,
    annotations: __,
    finalizers: ___,
    ownerReferences: ____,
    ...rest
  } = asObject(object['metadata'])
  return rest
}

const sameSet = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((id) => b.has(id))

function merge(
  schema: StructuralSchema | undefined,
  live: JsonValue | undefined,
  applied: JsonValue,
): JsonValue {
  if (isObject(applied) && isObject(live) && !isAtomicMap(schema)) {
    const merged: JsonObject = { ...live }
    for (const [key, value] of Object.entries(applied)) {
      if (value !== undefined)
        setOwn(
          merged,
          key,
          merge(fieldSchema(schema, key).schema, Object.hasOwn(live, key) ? live[key] : undefined, value),
        )
    }
    return merged
  }
  if (Array.isArray(applied) && Array.isArray(live) && itemElement(schema, {}) !== undefined) {
    const merged = [...live]
    for (const item of applied) {
      const element = itemElement(schema, item)
      const index = merged.findIndex((other) => itemElement(schema, other) === element)
      if (index < 0) merged.push(item)
      else merged[index] = merge(itemSchema(schema), merged[index], item)
    }
    return merged
  }
  return applied
}

/** Removes one path, and parents it leaves empty that nobody owns. */
function removePath(
  schema: StructuralSchema | undefined,
  value: JsonValue,
  path: Path,
  kept: ReadonlySet<string>,
  at: Path,
): JsonValue {
  const [element, ...rest] = path
  if (element === undefined) return value
  const here = [...at, element]
  const isOwnedBelow = (): boolean => {
    const prefix = pathId(here).slice(0, -1)
    return [...kept].some((id) => id.startsWith(`${prefix},`))
  }
  if (element.startsWith('f:')) {
    const name = element.slice(2)
    if (!isObject(value) || !Object.hasOwn(value, name)) return value
    const copy = { ...value }
    const child = copy[name]
    if (rest.length === 0) {
      if (!isOwnedBelow()) delete copy[name]
      return copy
    }
    const next = removePath(fieldSchema(schema, name).schema, child ?? null, rest, kept, here)
    const emptied =
      (isObject(next) && Object.keys(next).length === 0) || (Array.isArray(next) && next.length === 0)
    if (emptied && !deepEqual(child, next) && !kept.has(pathId(here)) && !isOwnedBelow()) delete copy[name]
    else setOwn(copy, name, next)
    return copy
  }
  if (!Array.isArray(value)) return value
  const index = value.findIndex((item) => itemElement(schema, item) === element)
  if (index < 0) return value
  if (rest.length === 0) return isOwnedBelow() ? value : value.filter((_, position) => position !== index)
  return value.map((item, position) =>
    position === index ? removePath(itemSchema(schema), item, rest, kept, here) : item,
  )
}

function conflictError(
  conflicts: readonly { readonly owner: Owner; readonly fields: readonly string[] }[],
): StatusError {
  const describe = ({ manager, operation, apiVersion, subresource, time }: Owner): string => {
    const name =
      subresource === ''
        ? JSON.stringify(manager)
        : `${JSON.stringify(manager)} with subresource ${JSON.stringify(subresource)}`
    if (operation === 'Apply') return name
    return time === '' ? `${name} using ${apiVersion}` : `${name} using ${apiVersion} at ${time}`
  }
  const count = conflicts.reduce((sum, { fields }) => sum + fields.length, 0)
  const lines = conflicts.map(({ owner, fields }) => {
    const paths = fields.map((id) => readablePath(pathOf(id))).toSorted()
    return paths.length === 1
      ? `conflict with ${describe(owner)}: ${paths[0]}`
      : `conflicts with ${describe(owner)}:\n${paths.map((path) => `- ${path}`).join('\n')}`
  })
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Apply failed with ${count} conflict${count === 1 ? '' : 's'}: ${lines.join('\n')}`,
    details: {
      causes: conflicts.flatMap(({ owner, fields }) =>
        fields.map((id) => ({
          reason: 'FieldManagerConflict',
          message: `conflict with ${describe(owner)}`,
          field: readablePath(pathOf(id)),
        })),
      ),
    },
  })
}
