/** Fills in a schema's defaults; a null where null is not allowed counts as absent. */
import { clone, isObject, setOwn } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { MOST_VALUES } from '../limits.ts'
import type { StructuralSchema } from './structural-schema.ts'

/** A few items of a list and a schema with many defaults make many values. */
export class DefaultsTooLarge extends Error {
  constructor() {
    super(`the defaults make the object too large: ${MOST_VALUES} values are allowed`)
    this.name = 'DefaultsTooLarge'
  }
}

/** Values that defaults may still add. */
export interface DefaultsBudget {
  left: number
}

export const defaultsBudget = (): DefaultsBudget => ({ left: MOST_VALUES })

/** Throws `DefaultsTooLarge`. */
export function applyDefaults(
  schema: StructuralSchema,
  value: JsonValue,
  budget: DefaultsBudget = defaultsBudget(),
): JsonValue {
  if (Array.isArray(value)) {
    const items = schema['items']
    return isObject(items) ? value.map((item) => applyDefaults(items, item, budget)) : value
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
    setOwn(filled, key, applyDefaults(property, child, budget))
  }
  for (const [key, property] of defaultsOf(properties)) {
    if (Object.hasOwn(filled, key)) continue
    const added = property['default']
    if (added === undefined) continue
    spend(added, budget)
    setOwn(filled, key, applyDefaults(property, clone(added), budget))
  }
  return filled
}

type Defaulted = readonly (readonly [key: string, property: JsonObject])[]
const known = new WeakMap<JsonObject, Defaulted>()

/** Found once: of a thousand properties few have one, and every item of a list asks. */
function defaultsOf(properties: JsonObject): Defaulted {
  let found = known.get(properties)
  if (found === undefined) {
    found = Object.entries(properties).flatMap(([key, property]) =>
      isObject(property) && property['default'] !== undefined ? [[key, property] as const] : [],
    )
    known.set(properties, found)
  }
  return found
}

function spend(value: JsonValue | undefined, budget: DefaultsBudget): void {
  budget.left -= 1
  if (budget.left < 0) throw new DefaultsTooLarge()
  if (typeof value === 'object' && value !== null)
    for (const child of Object.values(value)) spend(child, budget)
}
