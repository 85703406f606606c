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

export async function applyConfiguration({
  resource,
  name,
  applied,
  current,
  manager,
  force,
  subresource,
  now,
  giveWay,
}: {
  resource: Resource
  /** Of the path. */
  name: string
  applied: JsonObject
  current: JsonObject | undefined
  manager: string
  force: boolean
  subresource: Subresource
  now: number
  /** Called between steps that take long for large objects. */
  giveWay: () => Promise<void>
}): Promise<{ readonly object: JsonObject }> {
  if (
    asObject(applied['metadata'])['managedFields'] !== undefined &&
    asArray(asObject(applied['metadata'])['managedFields']).length > 0
  ) {
    throw badRequest('metadata.managedFields must be nil')
  }
  checkIdentity(resource, applied, name)
  const schema = schemaOf(resource)
  const part = ownablePart(resource, applied, subresource)
  const wanted = new Set((await fieldsOf({ schema, value: part, giveWay })).keys())
  wanted.delete('[]')
  const apiVersion = apiVersionOf(resource)
  const mine = (owner: Owner): boolean =>
    owner.manager === manager && owner.operation === 'Apply' && owner.subresource === subresource
  await giveWay()
  const owners = readOwners(current)
  await giveWay()
  const previous = owners.find(mine)
  const base = current ?? {
    apiVersion: applied['apiVersion'],
    kind: applied['kind'],
    metadata: asObject(applied['metadata']),
  }
  const live = ownablePart(resource, base, subresource)
  const mergedPart = asObject(merge(schema, current === undefined ? {} : live, part))

  await giveWay()
  const { changed } = await differenceOf({
    schema,
    before: current === undefined ? {} : live,
    after: mergedPart,
    giveWay,
  })
  await giveWay()
  const others = owners.filter((owner) => !mine(owner))
  const conflicts = others
    .map((owner) => ({ owner, fields: [...owner.fields].filter((id) => changed.has(id)) }))
    .filter(({ fields }) => fields.length > 0)
  if (conflicts.length > 0 && !force) throw conflictError(conflicts)

  const taken = new Set(conflicts.flatMap(({ fields }) => fields))
  const remaining = others.map((owner) => ({ ...owner, fields: without(owner.fields, taken) }))
  const kept = new Set([...wanted, ...remaining.flatMap((owner) => [...owner.fields])])
  await giveWay()
  const dropped = [...(previous?.fields ?? [])].filter((id) => !kept.has(id))
  const pruned = asObject(
    removePaths({
      schema,
      value: mergedPart,
      removal: removalOf(dropped.map(pathOf)),
      kept: { owned: kept, ownedBelow: ancestorsOf(kept) },
      at: [],
    }),
  )

  await giveWay()
  // Who applies what is there already becomes an owner, at no time of its own.
  const unchanged = current !== undefined && deepEqual(pruned, live)
  const own: Owner = {
    manager,
    operation: 'Apply',
    apiVersion,
    subresource,
    time: unchanged ? (previous?.time ?? '') : timestamp(now),
    fields: wanted,
  }
  const merged: JsonObject = {
    ...base,
    ...pruned,
    metadata: { ...serverMetadata(base), ...asObject(pruned['metadata']) },
  }
  if (subresource === 'status') merged['metadata'] = asObject(base['metadata'])
  for (const key of Object.keys(live)) if (!(key in pruned) && key !== 'metadata') delete merged[key]
  return { object: await writeOwners({ object: merged, owners: [...remaining, own], giveWay }) }
}

function checkIdentity(resource: Resource, applied: JsonObject, name: string): void {
  const given = asObject(applied['metadata'])['name']
  if (typeof given === 'string' && given !== '' && given !== name) {
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`)
  }
  const { apiVersion, kind } = applied
  const wanted = apiVersionOf(resource)
  if (apiVersion === wanted && kind === resource.kind) return
  const version = String(apiVersion)
  throw badRequest(`invalid object type: ${version.includes('/') ? '' : '/'}${version}, Kind=${String(kind)}`)
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
    const places = new Map(live.map((item, index) => [itemElement(schema, item), index]))
    for (const item of applied) {
      const element = itemElement(schema, item)
      const index = places.get(element)
      if (index !== undefined) merged[index] = merge(itemSchema(schema), merged[index], item)
      else places.set(element, merged.push(item) - 1)
    }
    return merged
  }
  return applied
}

/** Paths as a tree, so that many are removed in one walk. */
interface Removal {
  ends: boolean
  readonly below: Map<string, Removal>
}

function removalOf(paths: Iterable<Path>): Removal {
  const root: Removal = { ends: false, below: new Map() }
  for (const path of paths) {
    let node = root
    for (const element of path) {
      const next = node.below.get(element) ?? { ends: false, below: new Map<string, Removal>() }
      node.below.set(element, next)
      node = next
    }
    node.ends = true
  }
  return root
}

/** The ids of everything that has an owned path below it. */
function ancestorsOf(ids: Iterable<string>): ReadonlySet<string> {
  const ancestors = new Set<string>()
  for (const id of ids) {
    const path = pathOf(id)
    for (let length = path.length - 1; length > 0; length -= 1) {
      const ancestor = pathId(path.slice(0, length))
      if (ancestors.has(ancestor)) break
      ancestors.add(ancestor)
    }
  }
  return ancestors
}

interface Kept {
  readonly owned: ReadonlySet<string>
  readonly ownedBelow: ReadonlySet<string>
}

/** Removes paths, and parents they leave empty that nobody owns. */
function removePaths({
  schema,
  value,
  removal,
  kept,
  at,
}: {
  readonly schema: StructuralSchema | undefined
  readonly value: JsonValue
  readonly removal: Removal
  readonly kept: Kept
  readonly at: Path
}): JsonValue {
  if (removal.below.size === 0) return value
  /** What stands in a place afterwards; `undefined` when it goes. */
  const next = (
    element: string,
    child: JsonValue,
    below: StructuralSchema | undefined,
  ): JsonValue | undefined => {
    const step = removal.below.get(element)
    if (step === undefined) return child
    const here = [...at, element]
    const id = pathId(here)
    if (step.ends && !kept.ownedBelow.has(id)) return undefined
    const left = removePaths({ schema: below, value: child, removal: step, kept, at: here })
    const isEmptied =
      element.startsWith('f:') &&
      (isObject(left) ? Object.keys(left).length === 0 : Array.isArray(left) && left.length === 0) &&
      !deepEqual(child, left)
    return isEmptied && !kept.owned.has(id) && !kept.ownedBelow.has(id) ? undefined : left
  }
  if (Array.isArray(value)) {
    const items = itemSchema(schema)
    return value.flatMap((item) => {
      const left = next(itemElement(schema, item) ?? '', item, items)
      return left === undefined ? [] : [left]
    })
  }
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  for (const [name, child] of Object.entries(value)) {
    if (child === undefined) continue
    const left = next(`f:${name}`, child, fieldSchema(schema, name).schema)
    if (left !== undefined) setOwn(copy, name, left)
  }
  return copy
}

function conflictError(
  conflicts: readonly { readonly owner: Owner; readonly fields: readonly string[] }[],
): StatusError {
  const describe = ({ manager, operation, apiVersion, subresource }: Owner): string => {
    const name =
      subresource === ''
        ? JSON.stringify(manager)
        : `${JSON.stringify(manager)} with subresource ${JSON.stringify(subresource)}`
    return operation === 'Apply' ? name : `${name} using ${apiVersion}`
  }
  const count = conflicts.reduce((sum, { fields }) => sum + fields.length, 0)
  const described = conflicts
    .map(({ owner, fields }) => ({
      by: describe(owner),
      paths: fields.map((id) => readablePath(pathOf(id))).toSorted(),
    }))
    .toSorted((a, b) => (a.by < b.by ? -1 : 1))
  const lines = described.map(({ by, paths }) =>
    count === 1
      ? `conflict with ${by}: ${paths[0]}`
      : `conflicts with ${by}:\n${paths.map((path) => `- ${path}`).join('\n')}`,
  )
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Apply failed with ${count} conflict${count === 1 ? '' : 's'}: ${lines.join('\n')}`,
    details: {
      causes: described
        .flatMap(({ by, paths }) =>
          paths.map((field) => ({
            reason: 'FieldManagerConflict',
            message: `conflict with ${by}`,
            field,
          })),
        )
        .toSorted((a, b) => (a.field < b.field ? -1 : 1)),
    },
  })
}
