/**
 * Kubernetes structural schemas without a server: what an API server does to a custom resource on the way in. For linters
 * and tests; no I/O.
 */
import { isObject } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { applyDefaults } from './apply-defaults.ts'
import { evaluateCelRules } from './cel-rules.ts'
import type { FieldError, FieldErrorType } from './field-error.ts'
import { prune } from './prune.ts'
import { withoutOldErrors } from './ratchet.ts'
import type { StructuralSchema } from './structural-schema.ts'
import { validateSchema } from './validate-schema.ts'

export type { FieldError, FieldErrorType } from './field-error.ts'
export type { StructuralSchema } from './structural-schema.ts'
export type { JsonObject, JsonValue } from '../json.ts'

export interface ValidatedObject {
  /** Pruned and defaulted. */
  readonly object: JsonObject
  readonly errors: readonly FieldError[]
  /** Paths of fields the schema does not declare; errors too when `strict`. */
  readonly unknownFields: readonly string[]
}

/** `schema` is the `openAPIV3Schema` of a version; `oldObject` makes transition rules (`oldSelf`) apply. */
export function validateObject({
  schema,
  object,
  oldObject,
  strict = false,
}: {
  readonly schema: StructuralSchema
  readonly object: JsonObject
  readonly oldObject?: JsonObject | undefined
  readonly strict?: boolean
}): ValidatedObject {
  const { value, unknownFields } = prune({ schema, value: object, isRoot: true })
  const filled = applyDefaults(schema, value)
  const result = isObject(filled) ? filled : {}
  const errors = validateAgainst({ schema, object: result, oldObject })
  if (!strict) return { object: result, errors, unknownFields }
  const unknown = unknownFields.map((path): FieldError => ({
    path,
    type: 'FieldValueInvalid',
    message: `unknown field "${path}"`,
    value: undefined,
  }))
  return { object: result, errors: [...unknown, ...errors], unknownFields }
}

/** Validation alone, of an object that is pruned and defaulted already. Rules run only on values of the right shape. */
export function validateAgainst({
  schema,
  object,
  oldObject,
}: {
  schema: StructuralSchema
  object: JsonObject
  oldObject: JsonObject | undefined
}): readonly FieldError[] {
  const found = validateSchema(schema, object)
  if (oldObject === undefined) {
    if (found.length === 0) return evaluateCelRules({ schema, value: object, old: undefined, isRoot: true })
    return isBlocking(found)
      ? withUnchecked(schema, found)
      : [...found, ...evaluateCelRules({ schema, value: object, old: undefined, isRoot: true })]
  }
  // What the old object fails too, unchanged, is not this update's doing.
  const fresh = (errors: readonly FieldError[], check: () => readonly FieldError[]): readonly FieldError[] =>
    errors.length === 0 ? errors : withoutOldErrors({ errors, oldErrors: check(), object, oldObject })
  const errors = fresh(found, () => validateSchema(schema, oldObject))
  if (isBlocking(errors)) return withUnchecked(schema, errors)
  if (errors.length > 0) return errors
  return fresh(evaluateCelRules({ schema, value: object, old: oldObject, isRoot: true }), () =>
    evaluateCelRules({ schema, value: oldObject, old: undefined, isRoot: true }),
  )
}

/** Of these a rule cannot make sense. */
const BLOCKING = new Set<FieldErrorType>([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])
const isBlocking = (errors: readonly FieldError[]): boolean => errors.some(({ type }) => BLOCKING.has(type))

function withUnchecked(schema: StructuralSchema, errors: readonly FieldError[]): readonly FieldError[] {
  if (!hasRules(schema)) return errors
  return [
    ...errors,
    {
      path: '<nil>',
      type: 'FieldValueInvalid',
      message:
        'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
      value: null,
    },
  ]
}

function hasRules(schema: JsonValue | undefined): boolean {
  if (Array.isArray(schema)) return schema.some(hasRules)
  if (!isObject(schema)) return false
  return schema['x-kubernetes-validations'] !== undefined || Object.values(schema).some(hasRules)
}
