/** A structural schema is an OpenAPI v3 schema as it stands in a CustomResourceDefinition, with `$ref`s already gone. */
import { asArray, asObject, isObject } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'

export type StructuralSchema = JsonObject

/** Those directly below a schema, wherever they stand. */
export function schemasIn(schema: StructuralSchema): readonly StructuralSchema[] {
  const { properties, items, additionalProperties, allOf, anyOf, oneOf, not } = schema
  const candidates: readonly (JsonValue | undefined)[] = [
    ...Object.values(asObject(properties)),
    items,
    additionalProperties,
    ...asArray(allOf),
    ...asArray(anyOf),
    ...asArray(oneOf),
    not,
  ]
  return candidates.filter(isObject)
}
