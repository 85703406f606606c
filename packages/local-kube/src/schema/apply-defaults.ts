/** Fills in a schema's defaults; a null where null is not allowed counts as absent. */
import { clone, isObject, setOwn } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { StructuralSchema } from './structural-schema.ts'

export function applyDefaults(schema: StructuralSchema, value: JsonValue): JsonValue {
  if (Array.isArray(value)) {
    const items = schema['items']
    return isObject(items) ? value.map((item) => applyDefaults(items, item)) : value
  }
  if (!isObject(value)) return value
  const filled: JsonObject = {}
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const additional = schema['additionalProperties']
  for (const [key, child] of Object.entries(value)) {
    if (child === undefined) continue
    const property = Object.hasOwn(properties, key) ? properties[key] : additional
    if (!isObject(property)) {
      setOwn(filled, key, child)
      continue
    }
    if (child === null && property['nullable'] !== true && Object.hasOwn(properties, key)) continue
    setOwn(filled, key, applyDefaults(property, child))
  }
  for (const [key, property] of Object.entries(properties)) {
    if (!isObject(property) || property['default'] === undefined || Object.hasOwn(filled, key)) continue
    setOwn(filled, key, applyDefaults(property, clone(property['default'])))
  }
  return filled
}
