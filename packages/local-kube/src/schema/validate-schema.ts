/** Checks a value against a structural schema, with the words of Kubernetes' own validator. CEL rules are apart. */
import { deepEqual, isObject } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import {
  ENOUGH_ERRORS,
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTypeInvalid,
} from './field-error.ts'
import type { FieldError } from './field-error.ts'
import { hasFormat } from './formats.ts'
import { linearRegex, workOf } from './linear-regex.ts'
import type { StructuralSchema } from './structural-schema.ts'

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

const scalarsOf = new WeakMap<readonly JsonValue[], ReadonlySet<JsonValue>>()

/** Enums may be long and asked for by every item of a list. */
function isAmong(allowed: readonly JsonValue[], value: JsonValue): boolean {
  let scalars = scalarsOf.get(allowed)
  if (scalars === undefined) {
    scalars = new Set(allowed.filter((item) => typeof item !== 'object'))
    scalarsOf.set(allowed, scalars)
  }
  if (typeof value !== 'object') return scalars.has(value)
  return scalars.size < allowed.length && allowed.some((item) => deepEqual(item, value))
}

/** Values compared with schemas for one object, and parts of matches. An anyOf compares a value several times. */
const LARGEST_WORK = 300_000
/** Characters that are looked at in the time of one comparison. */
const CHARACTERS = 64

interface Work {
  left: number
}

export function validateSchema(schema: StructuralSchema, value: JsonValue, path = ''): FieldError[] {
  const work: Work = { left: LARGEST_WORK }
  const errors = validate(schema, value, path, work)
  if (work.left > 0) return errors
  return [
    fieldInvalid(
      '<nil>',
      '',
      'validation failed due to running out of budget: the object is too large for its schema',
    ),
  ]
}

function validate(schema: StructuralSchema, value: JsonValue, path: string, work: Work): FieldError[] {
  const errors: FieldError[] = []
  work.left -= 1
  if (work.left <= 0) return errors
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
  if (Array.isArray(allowed) && !isAmong(allowed, value)) errors.push(fieldNotSupported(path, value, allowed))

  if (typeof value === 'string') errors.push(...validateString(schema, value, path, say, work))
  else if (typeof value === 'number') errors.push(...validateNumber(schema, value, path, say))
  else if (Array.isArray(value)) errors.push(...validateArray(schema, value, path, say, work))
  else if (isObject(value)) {
    if (schema['x-kubernetes-embedded-resource'] === true) errors.push(...validateEmbedded(value, path))
    errors.push(...validateObjectFields(schema, value, path, say, work))
  }

  errors.push(...validateCombinations(schema, value, path, work))
  return errors
}

/** A whole object inside another says what it is. */
const validateEmbedded = (value: JsonObject, path: string): FieldError[] =>
  ['apiVersion', 'kind']
    .filter((key) => typeof value[key] !== 'string' || value[key] === '')
    .map((key) => fieldRequired(`${path}.${key}`))

type Say = (text: string) => string

function validateString(
  schema: StructuralSchema,
  value: string,
  path: string,
  say: Say,
  work: Work,
): FieldError[] {
  const errors: FieldError[] = []
  const { maxLength, minLength, pattern, format } = schema
  work.left -= Math.floor(value.length / CHARACTERS)
  const length = maxLength === undefined && minLength === undefined ? 0 : lengthOf(value)
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
  if (typeof pattern === 'string') errors.push(...validatePattern({ pattern, value, path, say, work }))
  if (typeof format === 'string' && !hasFormat(format, value)) {
    errors.push(fieldTypeInvalid(path, value, say(`must be of type ${format}: ${JSON.stringify(value)}`)))
  }
  return errors
}

/** In characters, not in the units of JavaScript. */
function lengthOf(text: string): number {
  let length = 0
  for (let at = 0; at < text.length; at += 1)
    // The second half of a pair counts nothing.
    if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00) length += 1
  return length
}

function validatePattern({
  pattern,
  value,
  path,
  say,
  work,
}: {
  pattern: string
  value: string
  path: string
  say: Say
  work: Work
}): FieldError[] {
  let regex: ReturnType<typeof linearRegex>
  try {
    regex = linearRegex(pattern)
  } catch {
    // A pattern that is none was refused with its definition; kept from before that, it holds nobody up.
    return []
  }
  const parts = workOf({ regex, text: value })
  if (parts > LARGEST_WORK)
    return [fieldInvalid(path, value, say(`is too long to be matched: ${value.length} characters`))]
  work.left -= parts
  if (work.left <= 0 || regex.matcher(value).find()) return []
  return [fieldInvalid(path, value, say(`should match '${pattern}'`))]
}

function validateNumber(schema: StructuralSchema, value: number, path: string, say: Say): FieldError[] {
  const errors: FieldError[] = []
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format } = schema
  if (
    typeof multipleOf === 'number' &&
    Math.abs(value / multipleOf - Math.round(value / multipleOf)) > 1e-9
  ) {
    errors.push(fieldInvalid(path, value, say(`should be a multiple of ${multipleOf}`)))
  }
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
  work: Work,
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
  if (isObject(items)) {
    for (const [index, item] of value.entries()) {
      if (errors.length >= ENOUGH_ERRORS) break
      errors.push(...validate(items, item, `${path}[${index}]`, work))
    }
  }
  errors.push(...duplicates(schema, value, path, work))
  return errors
}

function duplicates(
  schema: StructuralSchema,
  value: readonly JsonValue[],
  path: string,
  work: Work,
): FieldError[] {
  const kind = schema['x-kubernetes-list-type']
  if (kind !== 'set' && kind !== 'map') return []
  const keys = Array.isArray(schema['x-kubernetes-list-map-keys'])
    ? schema['x-kubernetes-list-map-keys'].map(String)
    : []
  const seen = new Set<string>()
  const errors: FieldError[] = []
  for (const [index, item] of value.entries()) {
    if (work.left <= 0 || errors.length >= ENOUGH_ERRORS) break
    const identity: JsonValue =
      kind === 'set' || !isObject(item)
        ? item
        : Object.fromEntries(keys.filter((key) => item[key] !== undefined).map((key) => [key, item[key]]))
    const text = JSON.stringify(identity)
    work.left -= 1 + Math.floor(text.length / CHARACTERS)
    if (seen.has(text)) errors.push(fieldDuplicate(`${path}[${index}]`, identity))
    seen.add(text)
  }
  return errors
}

function validateObjectFields(
  schema: StructuralSchema,
  value: JsonObject,
  path: string,
  say: Say,
  work: Work,
): FieldError[] {
  const errors: FieldError[] = []
  const { properties, additionalProperties, required, minProperties, maxProperties } = schema
  const size = Object.keys(value).length
  work.left -= Math.floor(size / 8)
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
  const needed = Array.isArray(required) ? required : []
  work.left -= Math.floor(needed.length / 8)
  for (const key of needed) {
    if (work.left <= 0 || errors.length >= ENOUGH_ERRORS) break
    if (typeof key === 'string' && !Object.hasOwn(value, key)) errors.push(fieldRequired(join(key)))
  }
  const declared = isObject(properties) ? properties : {}
  for (const [key, child] of Object.entries(value)) {
    if (child === undefined) continue
    if (errors.length >= ENOUGH_ERRORS) break
    const property = Object.hasOwn(declared, key) ? declared[key] : additionalProperties
    if (isObject(property)) errors.push(...validate(property, child, join(key), work))
  }
  return errors
}

/** What the alternative that comes nearest has against a value. */
const closest = (failures: readonly (readonly FieldError[])[]): readonly FieldError[] =>
  failures.toSorted((a, b) => a.length - b.length)[0] ?? []

function validateCombinations(
  schema: StructuralSchema,
  value: JsonValue,
  path: string,
  work: Work,
): FieldError[] {
  const errors: FieldError[] = []
  // Each alternative is looked at once: twice would double with every level of nesting.
  const each = (candidates: readonly JsonValue[]): readonly (readonly FieldError[])[] =>
    candidates
      .filter(isObject)
      .map((candidate) => (work.left <= 0 ? [] : validate(candidate, value, path, work)))
  // Kubernetes reports these without a field, which prints as <nil>.
  const composite = (detail: string): FieldError => ({
    ...fieldInvalid('<nil>', '', `"${path}" ${detail}`),
    value: undefined,
  })
  const { allOf, anyOf, oneOf, not } = schema
  if (Array.isArray(allOf)) {
    errors.push(...each(allOf).flat())
    if (errors.length > 0) errors.push(composite('must validate all the schemas (allOf)'))
  }
  if (Array.isArray(anyOf)) {
    const found = each(anyOf)
    if (!found.some((list) => list.length === 0))
      errors.push(composite('must validate at least one schema (anyOf)'), ...closest(found))
  }
  if (Array.isArray(oneOf)) {
    const found = each(oneOf)
    const matching = found.filter((list) => list.length === 0).length
    if (matching === 0) {
      errors.push(composite('must validate one and only one schema (oneOf). Found none valid'))
      errors.push(...closest(found))
    } else if (matching > 1)
      errors.push(
        composite(`must validate one and only one schema (oneOf). Found ${matching} valid alternatives`),
      )
  }
  if (isObject(not) && validate(not, value, path, work).length === 0)
    errors.push(composite('must not validate the schema (not)'))
  return errors
}
