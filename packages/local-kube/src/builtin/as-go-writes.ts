/**
 * A builtin object as a server written in Go gives it back: structs that are no pointers are there even when empty, maps
 * and lists that are empty are not. Clients compare what they read with what they wrote, so this is visible.
 */
import { asArray, isObject, setOwn } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { StructuralSchema } from '../schema/structural-schema.ts'

export function asGoWrites({
  schema,
  object,
  kind,
}: {
  readonly schema: StructuralSchema
  readonly object: JsonObject
  readonly kind: string
}): JsonObject {
  return struct(schema, object, kind === 'Event')
}

function struct(schema: StructuralSchema, object: JsonObject, withZeros: boolean): JsonObject {
  const properties = schema['properties']
  if (!isObject(properties)) return object
  const required = asArray(schema['required'])
  const written: JsonObject = {}
  for (const key of Object.keys(object)) {
    const value = object[key]
    if (value === undefined) continue
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (!isObject(property)) setOwn(written, key, value)
    else if (!isOmitted(property, value) || required.includes(key))
      // Zeros are told where a reader looks for a figure; elsewhere an empty text would hide that something is missing.
      setOwn(written, key, walk(property, value, withZeros || key === 'status'))
  }
  for (const [key, property] of addedOf(properties)) {
    if (written[key] !== undefined) continue
    if (property['x-go-struct'] === true) written[key] = struct(property, {}, withZeros || key === 'status')
    else if (withZeros && property['x-go-zero'] !== undefined) written[key] = property['x-go-zero']
  }
  return written
}

type Added = readonly (readonly [key: string, property: JsonObject])[]
const known = new WeakMap<JsonObject, Added>()

/** What is written even when it is not set; found once, because a thousand items of a list ask. */
function addedOf(properties: JsonObject): Added {
  let found = known.get(properties)
  if (found === undefined) {
    found = Object.entries(properties).flatMap(([key, property]) =>
      isObject(property) && (property['x-go-struct'] === true || property['x-go-zero'] !== undefined)
        ? [[key, property] as const]
        : [],
    )
    known.set(properties, found)
  }
  return found
}

function isOmitted(schema: StructuralSchema, value: JsonValue): boolean {
  if (Array.isArray(value)) return value.length === 0
  return isObject(value) && isObject(schema['additionalProperties']) && Object.keys(value).length === 0
}

function walk(schema: StructuralSchema, value: JsonValue, withZeros: boolean): JsonValue {
  if (Array.isArray(value)) {
    const { items } = schema
    return isObject(items) ? value.map((item) => walk(items, item, withZeros)) : value
  }
  if (!isObject(value)) return value
  const { additionalProperties } = schema
  if (!isObject(additionalProperties)) return struct(schema, value, withZeros)
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [
      key,
      child === undefined ? child : walk(additionalProperties, child, withZeros),
    ]),
  )
}
