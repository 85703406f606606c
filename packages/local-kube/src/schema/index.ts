/**
 * Kubernetes structural schemas without a server: what an API server does to a custom resource on the way in. For linters
 * and tests; no I/O.
 */
import { isObject } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { applyDefaults } from './apply-defaults.ts'
import { evaluateCelRules } from './cel-rules.ts'
import type { FieldError } from './field-error.ts'
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
    return found.length > 0
      ? found
      : evaluateCelRules({ schema, value: object, old: undefined, isRoot: true })
  }
  // What the old object fails too, unchanged, is not this update's doing.
  const fresh = (errors: readonly FieldError[], check: () => readonly FieldError[]): readonly FieldError[] =>
    errors.length === 0 ? errors : withoutOldErrors({ errors, oldErrors: check(), object, oldObject })
  const errors = fresh(found, () => validateSchema(schema, oldObject))
  if (errors.length > 0) return errors
  return fresh(evaluateCelRules({ schema, value: object, old: oldObject, isRoot: true }), () =>
    evaluateCelRules({ schema, value: oldObject, old: undefined, isRoot: true }),
  )
}
