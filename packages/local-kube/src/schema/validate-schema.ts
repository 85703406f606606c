/** Checks a value against a structural schema, with the words of Kubernetes' own validator. CEL rules are apart. */
import { RE2JS } from 're2js'
import { deepEqual, isObject } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import {
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTypeInvalid,
} from './field-error.ts'
import type { FieldError } from './field-error.ts'
import { hasFormat } from './formats.ts'
import type { StructuralSchema } from './structural-schema.ts'

const regexes = new Map<string, RE2JS | undefined>()

/** Linear-time matching: patterns come from users. */
export function matchesPattern(pattern: string, text: string): boolean {
  if (!regexes.has(pattern)) {
    try {
      regexes.set(pattern, RE2JS.compile(pattern))
    } catch {
      regexes.set(pattern, undefined)
    }
  }
  return regexes.get(pattern)?.matcher(text).find() ?? true
}

const typeName = (value: JsonValue): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function hasType(type: string, value: JsonValue): boolean {
  const actual = typeName(value)
  return actual === type || (type === 'number' && actual === 'integer')
}

export function validateSchema(schema: StructuralSchema, value: JsonValue, path = ''): FieldError[] {
  const errors: FieldError[] = []
  const shown = path === '' ? '' : `${path} `
  const say = (text: string): string => `${shown}in body ${text}`

  if (value === null) {
    if (schema['nullable'] === true || schema['type'] === undefined) return []
    return [fieldTypeInvalid(path, 'null', say(`must be of type ${String(schema['type'])}: "null"`))]
  }
  if (schema['x-kubernetes-int-or-string'] === true) {
    const allowed =
      typeof value === 'string' ||
      (typeof value === 'number' && (schema['x-quantity'] === true || Number.isInteger(value)))
    if (!allowed)
      return [
        fieldTypeInvalid(path, typeName(value), say(`must be of type integer,string: "${typeName(value)}"`)),
      ]
  }
  const type = schema['type']
  if (typeof type === 'string' && !hasType(type, value)) {
    const name = typeName(value)
    return [fieldTypeInvalid(path, name, say(`must be of type ${type}: "${name}"`))]
  }
  const allowed = schema['enum']
  if (Array.isArray(allowed) && !allowed.some((item) => deepEqual(item, value)))
    errors.push(fieldNotSupported(path, value, allowed))

  if (typeof value === 'string') errors.push(...validateString(schema, value, path, say))
  else if (typeof value === 'number') errors.push(...validateNumber(schema, value, path, say))
  else if (Array.isArray(value)) errors.push(...validateArray(schema, value, path, say))
  else if (isObject(value)) errors.push(...validateObjectFields(schema, value, path, say))

  errors.push(...validateCombinations(schema, value, path))
  return errors
}

type Say = (text: string) => string

function validateString(schema: StructuralSchema, value: string, path: string, say: Say): FieldError[] {
  const errors: FieldError[] = []
  const { maxLength, minLength, pattern, format } = schema
  const length = [...value].length
  if (typeof maxLength === 'number' && length > maxLength) {
    errors.push({
      path,
      type: 'FieldValueTooLong',
      message: `Too long: may not be more than ${maxLength} bytes`,
      value,
    })
  }
  if (typeof minLength === 'number' && length < minLength)
    errors.push(fieldInvalid(path, value, say(`should be at least ${minLength} chars long`)))
  if (typeof pattern === 'string' && !matchesPattern(pattern, value))
    errors.push(fieldInvalid(path, value, say(`should match '${pattern}'`)))
  if (typeof format === 'string' && !hasFormat(format, value)) {
    errors.push(fieldInvalid(path, value, say(`must be of type ${format}: ${JSON.stringify(value)}`)))
  }
  return errors
}

function validateNumber(schema: StructuralSchema, value: number, path: string, say: Say): FieldError[] {
  const errors: FieldError[] = []
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format } = schema
  if (typeof maximum === 'number' && (exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    errors.push(
      fieldInvalid(
        path,
        value,
        say(`should be less than ${exclusiveMaximum === true ? '' : 'or equal to '}${maximum}`),
      ),
    )
  }
  if (typeof minimum === 'number' && (exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    errors.push(
      fieldInvalid(
        path,
        value,
        say(`should be greater than ${exclusiveMinimum === true ? '' : 'or equal to '}${minimum}`),
      ),
    )
  }
  if (
    typeof multipleOf === 'number' &&
    Math.abs(value / multipleOf - Math.round(value / multipleOf)) > 1e-9
  ) {
    errors.push(fieldInvalid(path, value, say(`should be a multiple of ${multipleOf}`)))
  }
  if (format === 'int32' && Number.isInteger(value) && (value > 2147483647 || value < -2147483648)) {
    errors.push(fieldInvalid(path, value, say(`must be of type int32: "${value}"`)))
  }
  return errors
}

function validateArray(
  schema: StructuralSchema,
  value: readonly JsonValue[],
  path: string,
  say: Say,
): FieldError[] {
  const errors: FieldError[] = []
  const { items, minItems, maxItems } = schema
  if (typeof maxItems === 'number' && value.length > maxItems) {
    errors.push({
      path,
      type: 'FieldValueTooMany',
      message: `Too many: ${value.length}: must have at most ${maxItems} items`,
      value: value.length,
    })
  }
  if (typeof minItems === 'number' && value.length < minItems) {
    errors.push(fieldInvalid(path, value.length, say(`should have at least ${minItems} items`)))
  }
  if (isObject(items))
    value.forEach((item, index) => errors.push(...validateSchema(items, item, `${path}[${index}]`)))
  errors.push(...duplicates(schema, value, path))
  return errors
}

function duplicates(schema: StructuralSchema, value: readonly JsonValue[], path: string): FieldError[] {
  const kind = schema['x-kubernetes-list-type']
  if (kind !== 'set' && kind !== 'map') return []
  const keys = Array.isArray(schema['x-kubernetes-list-map-keys'])
    ? schema['x-kubernetes-list-map-keys'].map(String)
    : []
  const seen = new Set<string>()
  const errors: FieldError[] = []
  value.forEach((item, index) => {
    const identity: JsonValue =
      kind === 'set' || !isObject(item)
        ? item
        : Object.fromEntries(keys.filter((key) => item[key] !== undefined).map((key) => [key, item[key]]))
    const text = JSON.stringify(identity)
    if (seen.has(text)) errors.push(fieldDuplicate(`${path}[${index}]`, identity))
    seen.add(text)
  })
  return errors
}

function validateObjectFields(
  schema: StructuralSchema,
  value: JsonObject,
  path: string,
  say: Say,
): FieldError[] {
  const errors: FieldError[] = []
  const { properties, additionalProperties, required, minProperties, maxProperties } = schema
  const size = Object.keys(value).length
  if (typeof maxProperties === 'number' && size > maxProperties) {
    errors.push({
      path,
      type: 'FieldValueTooMany',
      message: `Too many: ${size}: must have at most ${maxProperties} items`,
      value: size,
    })
  }
  if (typeof minProperties === 'number' && size < minProperties) {
    errors.push(fieldInvalid(path, size, say(`should have at least ${minProperties} properties`)))
  }
  const join = (key: string): string => (path === '' ? key : `${path}.${key}`)
  for (const key of Array.isArray(required) ? required : []) {
    if (typeof key === 'string' && !Object.hasOwn(value, key)) errors.push(fieldRequired(join(key)))
  }
  const declared = isObject(properties) ? properties : {}
  for (const [key, child] of Object.entries(value)) {
    if (child === undefined) continue
    const property = Object.hasOwn(declared, key) ? declared[key] : additionalProperties
    if (isObject(property)) errors.push(...validateSchema(property, child, join(key)))
  }
  return errors
}

function validateCombinations(schema: StructuralSchema, value: JsonValue, path: string): FieldError[] {
  const errors: FieldError[] = []
  const passes = (candidate: JsonValue): boolean =>
    isObject(candidate) && validateSchema(candidate, value, path).length === 0
  // Kubernetes reports these without a field, which prints as <nil>.
  const composite = (detail: string): FieldError => ({
    ...fieldInvalid('<nil>', '', `"${path}" ${detail}`),
    value: undefined,
  })
  const { allOf, anyOf, oneOf, not } = schema
  if (Array.isArray(allOf)) {
    for (const part of allOf) if (isObject(part)) errors.push(...validateSchema(part, value, path))
    if (errors.length > 0) errors.push(composite('must validate all the schemas (allOf)'))
  }
  if (Array.isArray(anyOf) && !anyOf.some(passes)) {
    errors.push(composite('must validate at least one schema (anyOf)'))
    const best = anyOf.find(isObject)
    if (anyOf.length > 0 && best !== undefined) errors.push(...validateSchema(best, value, path))
  }
  if (Array.isArray(oneOf)) {
    const matching = oneOf.filter(passes).length
    if (matching === 0)
      errors.push(composite('must validate one and only one schema (oneOf). Found none valid'))
    else if (matching > 1)
      errors.push(
        composite(`must validate one and only one schema (oneOf). Found ${matching} valid alternatives`),
      )
  }
  if (isObject(not) && passes(not)) errors.push(composite('must not validate the schema (not)'))
  return errors
}
