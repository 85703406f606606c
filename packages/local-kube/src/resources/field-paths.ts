/**
 * The paths of a value as field ownership counts them, following the schema: granular maps, list maps by key, sets by
 * value, everything else atomic. A path is a list of fieldsV1 elements: `f:name`, `k:{"name":"a"}`, `v:"x"`.
 */
import { builtinSchema } from '../builtin/definitions.ts'
import { asArray, asObject, asString, deepEqual, isObject } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { StructuralSchema } from '../schema/structural-schema.ts'
import type { Subresource } from './lifecycle.ts'
import type { Resource } from './resource.ts'

export type Path = readonly string[]
export const pathId = (path: Path): string => JSON.stringify(path)
export const pathOf = (id: string): Path => JSON.parse(id) as Path
/** The id of the path that goes on with an element; made from the id it goes on from, because there are thousands. */
const below = (id: string, element: string): string =>
  `${id.slice(0, -1)}${id === ROOT ? '' : ','}${JSON.stringify(element)}]`
const ROOT = '[]'

/** Leaf paths with their values; list items and map keys are members too, with `undefined`. */
export type FieldMap = ReadonlyMap<string, JsonValue | undefined>

export function schemaOf(resource: Resource): StructuralSchema {
  const schema =
    resource.definition === undefined
      ? (resource.custom?.schema ?? {})
      : (builtinSchema(resource.definition) ?? {})
  const metadata = builtinSchema('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')
  return {
    ...schema,
    properties: {
      ...asObject(schema['properties']),
      ...(metadata === undefined ? {} : { metadata: { ...metadata, 'x-go-struct': true } }),
    },
  }
}

export function fieldSchema(
  schema: StructuralSchema | undefined,
  name: string,
): { readonly schema: StructuralSchema | undefined; readonly declared: boolean } {
  const properties = asObject(schema?.['properties'])
  const declared = Object.hasOwn(properties, name)
  const found = declared ? properties[name] : schema?.['additionalProperties']
  return { schema: isObject(found) ? found : undefined, declared }
}

export const itemSchema = (schema: StructuralSchema | undefined): StructuralSchema | undefined =>
  isObject(schema?.['items']) ? schema['items'] : undefined

export const isAtomicMap = (schema: StructuralSchema | undefined): boolean =>
  schema?.['x-kubernetes-map-type'] === 'atomic'

/** The path element of a list item; `undefined` for atomic lists. */
export function itemElement(schema: StructuralSchema | undefined, item: JsonValue): string | undefined {
  switch (schema?.['x-kubernetes-list-type']) {
    case 'set':
      return `v:${JSON.stringify(item)}`
    case 'map': {
      if (!isObject(item)) return undefined
      const key: JsonObject = {}
      for (const name of asArray(schema['x-kubernetes-list-map-keys']).map(asString).toSorted()) {
        const fallback =
          fieldSchema(itemSchema(schema), name).schema?.['default'] ??
          (name === 'protocol' ? 'TCP' : undefined)
        const value = item[name] ?? fallback
        if (value !== undefined) key[name] = value
      }
      return `k:${JSON.stringify(key)}`
    }
    default:
      return undefined
  }
}

/** Whether maps, lists and structs are members themselves: never, all of them, or those that could be absent. */
type Containers = 'none' | 'all' | 'optional'

function isAlwaysThere(schema: StructuralSchema | undefined, containers: Containers): boolean {
  if (containers === 'none') return true
  if (containers === 'all') return false
  return schema?.['x-go-struct'] === true || schema?.['x-go-required'] === true
}

interface Walk {
  readonly into: Map<string, JsonValue | undefined>
  /** Paths found until others get their turn. */
  left: number
}

/** Paths after which others get their turn. */
const PATHS_PER_TURN = 2_000

/** Puts the paths of a value into the walk's map; yields where it has been long on its way. */
function* walkFields({
  schema,
  value,
  id,
  walk,
  containers,
}: {
  readonly schema: StructuralSchema | undefined
  readonly value: JsonValue
  readonly id: string
  readonly walk: Walk
  readonly containers: Containers
}): Generator<void, void> {
  const { into } = walk
  walk.left -= 1
  if (walk.left <= 0) {
    walk.left = PATHS_PER_TURN
    yield
  }
  // Whoever brings a map, a list or an optional struct into being owns it too; a struct that is always there is nobody's.
  if (id !== ROOT && !isAlwaysThere(schema, containers)) into.set(id, undefined)
  if (Array.isArray(value)) {
    if (itemElement(schema, {}) === undefined || value.length === 0) {
      into.set(id, value)
      return
    }
    for (const item of value) {
      const at = below(id, itemElement(schema, item) ?? '')
      into.set(at, undefined)
      // Nothing of a new item was there before.
      if (isObject(item))
        yield* walkFields({
          schema: itemSchema(schema),
          value: item,
          id: at,
          walk,
          containers: containers === 'none' ? 'none' : 'all',
        })
    }
    return
  }
  if (!isObject(value) || isAtomicMap(schema)) {
    into.set(id, value)
    return
  }
  for (const name of Object.keys(value)) {
    const child = value[name]
    if (child === undefined) continue
    const at = below(id, `f:${name}`)
    const { schema: inner, declared } = fieldSchema(schema, name)
    // What is not set reads the same.
    if (containers === 'optional' && inner?.['x-go-zero'] !== undefined && inner['x-go-zero'] === child)
      continue
    const isEmpty = isObject(child) && Object.keys(child).length === 0
    if (isEmpty) {
      if (containers !== 'optional' || inner?.['x-go-struct'] !== true) into.set(at, child)
    } else if (typeof child !== 'object') {
      walk.left -= 1
      into.set(at, child)
    } else {
      if (!declared && isObject(child) && !isAtomicMap(inner)) into.set(at, undefined)
      yield* walkFields({ schema: inner, value: child, id: at, walk, containers })
    }
  }
}

export async function fieldsOf({
  schema,
  value,
  containers = 'none',
  giveWay,
}: {
  readonly schema: StructuralSchema | undefined
  readonly value: JsonValue
  readonly containers?: Containers
  /** Called between steps that take long for large objects. */
  readonly giveWay: () => Promise<void>
}): Promise<FieldMap> {
  const walk: Walk = { into: new Map(), left: PATHS_PER_TURN }
  for (const _ of walkFields({ schema, value, id: ROOT, walk, containers })) await giveWay()
  return walk.into
}

const SERVER_METADATA = new Set([
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'resourceVersion',
  'generation',
  'managedFields',
  'selfLink',
])

/** What of an object can be owned through a subresource. */
export function ownablePart(resource: Resource, object: JsonObject, subresource: Subresource): JsonObject {
  const { apiVersion: _, kind: __, metadata, ...rest } = object
  const owned = Object.fromEntries(
    Object.entries(asObject(metadata)).filter(([key]) => !SERVER_METADATA.has(key)),
  )
  if (subresource === 'status') return rest['status'] === undefined ? {} : { status: rest['status'] }
  const { status, ...spec } = rest
  const part = resource.hasStatus || status === undefined ? spec : rest
  return Object.keys(owned).length === 0 ? part : { metadata: owned, ...part }
}

export interface Difference {
  readonly changed: ReadonlySet<string>
  readonly removed: ReadonlySet<string>
}

/** Compares two parts; subtrees that did not change are not walked. */
export async function differenceOf({
  schema,
  before,
  after,
  giveWay,
}: {
  readonly schema: StructuralSchema
  readonly before: JsonObject
  readonly after: JsonObject
  /** Called between steps that take long for large objects. */
  readonly giveWay: () => Promise<void>
}): Promise<Difference> {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => !deepEqual(before[key], after[key]),
  )
  const only = (object: JsonObject): JsonObject =>
    Object.fromEntries(keys.filter((key) => object[key] !== undefined).map((key) => [key, object[key]]))
  const optional = { schema, containers: 'optional', giveWay } as const
  const old = await fieldsOf({ ...optional, value: only(before) })
  const fresh = await fieldsOf({ ...optional, value: only(after) })
  await giveWay()
  const changed = new Set<string>()
  const removed = new Set<string>()
  let left = PATHS_PER_TURN
  for (const [id, value] of fresh) {
    if (!old.has(id) || !deepEqual(old.get(id), value)) changed.add(id)
    left -= 1
    if (left > 0) continue
    left = PATHS_PER_TURN
    await giveWay()
  }
  for (const id of old.keys()) if (!fresh.has(id)) removed.add(id)
  changed.delete(ROOT)
  removed.delete(ROOT)
  return { changed, removed }
}

/** fieldsV1, the tree form of a set of paths. */
export async function toFieldsV1(ids: Iterable<string>, giveWay: () => Promise<void>): Promise<JsonObject> {
  const root: JsonObject = {}
  // The nodes on the way to the last path: the next one mostly goes on from one of them, and is read from there.
  const way: { readonly beginning: string; readonly node: JsonObject }[] = []
  const members: JsonObject[] = []
  for (const id of ids) {
    while (way.length > 0 && !id.startsWith(way.at(-1)?.beginning ?? '')) way.pop()
    const from = way.at(-1)
    let node = from?.node ?? root
    for (const element of from === undefined ? pathOf(id) : pathOf(`[${id.slice(from.beginning.length)}`)) {
      const known = node[element]
      const next = isObject(known) ? known : {}
      if (next !== known) node[element] = next
      node = next
    }
    way.push({ beginning: `${id.slice(0, -1)},`, node })
    members.push(node)
    if (members.length % PATHS_PER_TURN === 0) await giveWay()
  }
  // A member that has members below says so with a dot.
  for (const node of members) if (Object.keys(node).length > 0) node['.'] = {}
  return root
}

export function fromFieldsV1(tree: JsonValue | undefined, id = ROOT, into = new Set<string>()): Set<string> {
  const node = asObject(tree)
  const keys = Object.keys(node)
  if (keys.length === 0 && id !== ROOT) into.add(id)
  for (const key of keys) {
    if (key === '.') into.add(id)
    else fromFieldsV1(node[key], below(id, normalElement(key)), into)
  }
  return into
}

/** Clients may write the keys of `k:{…}` in any order. */
function normalElement(element: string): string {
  if (!element.startsWith('k:')) return element
  const key = JSON.parse(element.slice(2)) as JsonObject
  return `k:${JSON.stringify(Object.fromEntries(Object.entries(key).toSorted(([a], [b]) => (a < b ? -1 : 1))))}`
}

/** `.spec.containers[name="a"].image`, as conflicts are shown. */
export function readablePath(path: Path): string {
  return path
    .map((element) => {
      const text = element.slice(2)
      if (element.startsWith('f:')) return `.${text}`
      if (element.startsWith('v:')) return `[=${text}]`
      const key = JSON.parse(text) as JsonObject
      return `[${Object.entries(key)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')}]`
    })
    .join('')
}
