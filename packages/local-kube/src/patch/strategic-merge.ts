/**
 * Strategic merge patch: like a merge patch, but lists of builtin kinds merge by the key their schema names, and
 * directives (`$patch`, `$retainKeys`, `$setElementOrder/…`, `$deleteFromPrimitiveList/…`) say what a list cannot.
 */
import { asArray, isObject, setOwn } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { StructuralSchema } from '../schema/structural-schema.ts'
import { badRequest, unexpected } from '../status-error.ts'

const ORDER = '$setElementOrder/'
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/'

const childSchema = (schema: StructuralSchema | undefined, key: string): StructuralSchema | undefined => {
  const properties = schema?.['properties']
  const property =
    isObject(properties) && Object.hasOwn(properties, key)
      ? properties[key]
      : schema?.['additionalProperties']
  return isObject(property) ? property : undefined
}

export function applyStrategicMergePatch({
  target,
  patch,
  schema,
}: {
  readonly target: JsonObject
  readonly patch: JsonObject
  readonly schema: StructuralSchema | undefined
}): JsonObject {
  if (patch['$patch'] === 'replace') return withoutDirectives(patch)
  if (patch['$patch'] === 'delete') return {}
  let merged: JsonObject = { ...target }
  const retain = patch['$retainKeys']
  if (Array.isArray(retain))
    merged = Object.fromEntries(Object.entries(merged).filter(([key]) => retain.includes(key)))

  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_PRIMITIVES)) {
      const field = key.slice(DELETE_PRIMITIVES.length)
      const doomed = new Set(asArray(value).map(identityOf))
      setOwn(
        merged,
        field,
        asArray(merged[field]).filter((item) => !doomed.has(identityOf(item))),
      )
    }
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$') || value === undefined) continue
    if (value === null) {
      delete merged[key]
      continue
    }
    const child = childSchema(schema, key)
    const current = Object.hasOwn(merged, key) ? merged[key] : undefined
    if (isObject(value)) {
      setOwn(
        merged,
        key,
        applyStrategicMergePatch({ target: isObject(current) ? current : {}, patch: value, schema: child }),
      )
    } else if (Array.isArray(value)) {
      setOwn(
        merged,
        key,
        mergeList({
          current: asArray(current),
          patch: value,
          schema: child,
          order: patch[ORDER + key],
          field: key,
        }),
      )
    } else setOwn(merged, key, value)
  }
  for (const [key, order] of Object.entries(patch)) {
    const field = key.slice(ORDER.length)
    if (!key.startsWith(ORDER) || Object.hasOwn(patch, field) || !Array.isArray(merged[field])) continue
    setOwn(
      merged,
      field,
      inOrder(merged[field], {
        order: asArray(order),
        patch: [],
        current: merged[field],
        key: mergeKeyOf(childSchema(schema, field)),
      }),
    )
  }
  return merged
}

const strategyOf = (schema: StructuralSchema | undefined): string =>
  String(schema?.['x-kubernetes-patch-strategy'] ?? '')

function mergeKeyOf(schema: StructuralSchema | undefined): string | undefined {
  const key = schema?.['x-kubernetes-patch-merge-key']
  return strategyOf(schema).split(',').includes('merge') && typeof key === 'string' ? key : undefined
}

function mergeList({
  current,
  patch,
  schema,
  order,
  field,
}: {
  readonly current: readonly JsonValue[]
  readonly patch: readonly JsonValue[]
  readonly schema: StructuralSchema | undefined
  readonly order: JsonValue | undefined
  readonly field: string
}): JsonValue[] {
  const merges = strategyOf(schema).split(',').includes('merge')
  const items = isObject(schema?.['items']) ? schema['items'] : undefined
  const replaces = patch.some((item) => isObject(item) && item['$patch'] === 'replace')
  const plain = (list: readonly JsonValue[]): JsonValue[] =>
    list
      .filter((item) => !isObject(item) || item['$patch'] === undefined)
      .map((item) => (isObject(item) ? withoutDirectives(item) : item))
  if (!merges || replaces) return plain(patch)

  const key = mergeKeyOf(schema)
  if (key === undefined) {
    const known = new Set(current.map(identityOf))
    const added = patch.filter((item) => !known.has(identityOf(item)))
    return inOrder([...current, ...added], { order: asArray(order), patch, current, key })
  }
  const merged = new Map(
    current.map((item, index) => [isObject(item) ? identityOf(item[key]) : `#${index}`, item]),
  )
  for (const item of patch) {
    if (!isObject(item)) throw badRequest(`cannot patch ${field}: expected a list of objects`)
    const identity = item[key]
    if (identity === undefined)
      throw unexpected(`map: ${goMap(item)} does not contain declared merge key: ${key}`)
    const id = identityOf(identity)
    const directive = item['$patch']
    if (directive !== undefined && directive !== 'delete' && directive !== 'merge')
      throw unexpected(`unknown patch type: ${String(directive)} in map: ${goMap(item)}`)
    if (directive === 'delete') {
      merged.delete(id)
      continue
    }
    const existing = merged.get(id)
    merged.set(
      id,
      applyStrategicMergePatch({
        target: isObject(existing) ? existing : {},
        patch: item,
        schema: items,
      }),
    )
  }
  return inOrder([...merged.values()], { order: asArray(order), patch, current, key })
}

/** Equal for equal values, whatever the order of their keys. */
const identityOf = (value: JsonValue | undefined): string =>
  typeof value === 'object' && value !== null
    ? JSON.stringify(value, (_, child: unknown) =>
        isObject(child)
          ? Object.fromEntries(Object.entries(child).toSorted(([a], [b]) => (a < b ? -1 : 1)))
          : child,
      )
    : (JSON.stringify(value) ?? '')

/**
 * Elements the patch speaks of come in its order, or in the one it asks for; the others keep theirs, and stand behind
 * those that were not there before.
 */
function inOrder(
  list: readonly JsonValue[],
  {
    order,
    patch,
    current,
    key,
  }: {
    readonly order: readonly JsonValue[]
    readonly patch: readonly JsonValue[]
    readonly current: readonly JsonValue[]
    readonly key: string | undefined
  },
): JsonValue[] {
  const identity = (item: JsonValue): string =>
    identityOf(key !== undefined && isObject(item) ? (item[key] ?? null) : item)
  const ranksOf = (items: readonly JsonValue[]): ((id: string) => number) => {
    const ranks = new Map<string, number>()
    items.forEach((item, index) => {
      const id = identity(item)
      if (!ranks.has(id)) ranks.set(id, index)
    })
    return (id) => ranks.get(id) ?? -1
  }
  const rankOf = ranksOf(order.length > 0 ? order : patch)
  const rankBefore = ranksOf(current)
  // An identity is a text that takes time to make, so each is made once.
  const ranked = list.map((item) => {
    const id = identity(item)
    return { item, rank: rankOf(id), before: rankBefore(id) }
  })
  const right = ranked.filter(({ rank }) => rank >= 0).toSorted((a, b) => a.rank - b.rank)
  const left = ranked.filter(({ rank }) => rank < 0)
  const result: JsonValue[] = []
  for (let kept = 0, patched = 0; result.length < list.length;) {
    const [mine, theirs] = [left[kept], right[patched]]
    const keepFirst =
      theirs === undefined || (mine !== undefined && theirs.before >= 0 && mine.before < theirs.before)
    const next = keepFirst ? mine : theirs
    if (keepFirst) kept += 1
    else patched += 1
    if (next !== undefined) result.push(next.item)
  }
  return result
}

/** As Go prints a map, which is how this fault is told. */
const goMap = (object: JsonObject): string =>
  `map[${Object.entries(object)
    .map(([key, value]) => `${key}:${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')}]`

function withoutDirectives(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith('$'))
      .map(([key, child]): [string, JsonValue | undefined] => [
        key,
        isObject(child)
          ? withoutDirectives(child)
          : Array.isArray(child)
            ? child.map((item) => (isObject(item) ? withoutDirectives(item) : item))
            : child,
      ]),
  )
}
