/** A structural schema is an OpenAPI v3 schema as it stands in a CustomResourceDefinition, with `$ref`s already gone. */
import type { JsonObject } from '../json.ts'

export type StructuralSchema = JsonObject
