/** Brings an object into the shape its schema allows: decode errors, unknown fields, defaults, validation. */
import { asGoWrites } from '../builtin/as-go-writes.ts'
import { builtinSchema } from '../builtin/definitions.ts'
import { defaultBuiltin } from '../builtin/defaults.ts'
import type { DefaultingContext } from '../builtin/defaults.ts'
import { validateBuiltin } from '../builtin/validate-builtin.ts'
import { asArray, asObject, isObject, mapped, setOwn, valueAt } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { DefaultsTooLarge, applyDefaults } from '../schema/apply-defaults.ts'
import type { FieldError } from '../schema/field-error.ts'
import { prepareSchema } from '../schema/prepare-schema.ts'
import { validateAgainst } from '../schema/index.ts'
import { prune } from '../schema/prune.ts'
import type { StructuralSchema } from '../schema/structural-schema.ts'
import { badRequest, entityTooLarge } from '../status-error.ts'
import { validateMetadata } from './names.ts'
import { CRD_BUCKET } from './registry.ts'
import type { Resource } from './resource.ts'

export interface Decoded {
  readonly object: JsonObject
  readonly unknownFields: readonly string[]
}

/** Drops what the schema does not know. Wrong types of builtin fields are refused here, as Go's decoder does. */
export async function decodeObject({
  resource,
  body,
  giveWay,
}: {
  readonly resource: Resource
  readonly body: JsonObject
  /** Called between steps that take long for large objects. */
  readonly giveWay: () => Promise<void>
}): Promise<Decoded> {
  const metadata = decodeMetadata(body['metadata'])
  if (resource.definition === undefined) {
    const schema = resource.custom?.schema
    if (schema === undefined)
      return {
        object: { ...body, metadata: metadata.value as JsonObject },
        unknownFields: metadata.unknownFields,
      }
    const { value, unknownFields } = prune({ schema, value: body, isRoot: true })
    return {
      object: { ...(value as JsonObject), metadata: metadata.value as JsonObject },
      unknownFields: [...metadata.unknownFields, ...unknownFields],
    }
  }
  const schema = builtinSchema(resource.definition)
  if (schema === undefined) return { object: body, unknownFields: [] }
  const bare = withoutNulls(body) as JsonObject
  await giveWay()
  const problem = typeMismatch(schema, bare, resource.kind)
  if (problem !== undefined) {
    throw badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${problem}`,
    )
  }
  await giveWay()
  const { value, unknownFields } = prune({ schema, value: bare })
  return { object: value as JsonObject, unknownFields }
}

function decodeMetadata(metadata: JsonValue | undefined): {
  value: JsonValue
  unknownFields: readonly string[]
} {
  const schema = builtinSchema('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta') ?? {}
  const { value, unknownFields } = prune({ schema, value: withoutNulls(asObject(metadata)) })
  return { value, unknownFields: unknownFields.map((field) => `metadata.${field}`) }
}

/** Go reads null as absent. Free-form parts keep their nulls only inside lists. */
function withoutNulls(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return mapped(value, withoutNulls)
  if (!isObject(value)) return value
  const keys = Object.keys(value)
  const left = keys.map((key) => {
    const child = value[key]
    return child === null || child === undefined ? undefined : withoutNulls(child)
  })
  // Most objects have none, and copying a large one for nothing is what everybody else waits for.
  if (keys.every((key, index) => left[index] === value[key] && left[index] !== undefined)) return value
  const copy: JsonObject = {}
  for (const [index, key] of keys.entries()) if (left[index] !== undefined) setOwn(copy, key, left[index])
  return copy
}

const goTypes: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'bool',
  number: 'float64',
  array: 'slice',
  object: 'map',
}

function typeMismatch(schema: StructuralSchema, value: JsonValue, path: string): string | undefined {
  if (schema['x-any'] === true) return undefined
  const actual =
    value === null
      ? 'null'
      : Array.isArray(value)
        ? 'array'
        : typeof value === 'boolean'
          ? 'bool'
          : typeof value
  const wanted = schema['type']
  const fail = (goType: string): string =>
    `json: cannot unmarshal ${actual} into Go struct field ${path} of type ${goType}`
  if (schema['x-quantity'] === true && typeof value === 'string' && !isQuantity(value))
    return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
  switch (wanted) {
    case 'string':
    case 'boolean':
      if (typeof value !== wanted) return fail(goTypes[wanted] ?? wanted)
      if (schema['format'] === 'byte') return base64Problem(value as string)
      return undefined
    case 'integer':
    case 'number':
      if (typeof value !== 'number' || (wanted === 'integer' && !Number.isInteger(value)))
        return fail(String(schema['format'] ?? 'int32'))
      return undefined
    case 'array': {
      if (!Array.isArray(value)) return fail('[]interface {}')
      const items = schema['items']
      if (!isObject(items)) return undefined
      for (const item of value) {
        const problem = typeMismatch(items, item, path)
        if (problem !== undefined) return problem
      }
      return undefined
    }
    case 'object': {
      if (!isObject(value)) return fail('map[string]interface {}')
      const properties = asObject(schema['properties'])
      for (const [key, child] of Object.entries(value)) {
        const property = Object.hasOwn(properties, key) ? properties[key] : schema['additionalProperties']
        if (!isObject(property) || child === undefined) continue
        const problem = typeMismatch(property, child, `${path}.${key}`)
        if (problem !== undefined) return problem
      }
      return undefined
    }
    default:
      return undefined
  }
}

const isQuantity = (text: string): boolean =>
  /^[+-]?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/.test(text)

function base64Problem(text: string): string | undefined {
  const bad = /[^A-Za-z0-9+/=\r\n]/.exec(text)
  if (bad !== null) return `illegal base64 data at input byte ${bad.index}`
  return text.replace(/[\r\n]/g, '').length % 4 === 0
    ? undefined
    : `illegal base64 data at input byte ${Math.floor(text.length / 4) * 4}`
}

export async function fillDefaults({
  resource,
  object,
  context,
  giveWay,
}: {
  readonly resource: Resource
  readonly object: JsonObject
  readonly context: DefaultingContext
  /** Called between steps that take long for large objects. */
  readonly giveWay: () => Promise<void>
}): Promise<JsonObject> {
  if (resource.definition !== undefined) {
    const filled = defaultBuiltin({ group: resource.group, kind: resource.kind, object, ...context })
    await giveWay()
    const schema = builtinSchema(resource.definition)
    return schema === undefined ? filled : asGoWrites({ schema, object: filled, kind: resource.kind })
  }
  const schema = resource.custom?.schema
  if (schema === undefined) return object
  try {
    const filled = applyDefaults(schema, object)
    return isObject(filled) ? filled : object
  } catch (error) {
    throw error instanceof DefaultsTooLarge ? entityTooLarge(error.message) : error
  }
}

/** What takes long before a validation, in small steps: the patterns and rules of what is written, or of its schema. */
export async function prepareValidation(resource: Resource, object: JsonObject): Promise<void> {
  const schemas =
    resource.bucket === CRD_BUCKET
      ? asArray(valueAt(object, 'spec', 'versions')).map((version) =>
          valueAt(version, 'schema', 'openAPIV3Schema'),
        )
      : [resource.custom?.schema]
  for (const schema of schemas) if (isObject(schema)) await prepareSchema(schema)
}

export function validateShape(
  resource: Resource,
  object: JsonObject,
  old: JsonObject | undefined,
): readonly FieldError[] {
  const errors: readonly FieldError[] = validateMetadata({
    group: resource.group,
    kind: resource.kind,
    object,
  })
  if (resource.definition !== undefined) {
    return [
      ...errors,
      ...validateBuiltin({
        group: resource.group,
        kind: resource.kind,
        definition: resource.definition,
        object,
        old,
      }),
    ]
  }
  const schema = resource.custom?.schema
  return schema === undefined ? errors : [...errors, ...validateAgainst({ schema, object, oldObject: old })]
}
