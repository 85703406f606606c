/**
 * Ratcheting: an update is not refused for what was wrong already and stays as it was. Without it, tightening a schema
 * would make every older object unwritable, its status and finalizers included.
 */
import { deepEqual, isObject } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { FieldError } from './field-error.ts'

export function withoutOldErrors({
  errors,
  oldErrors,
  object,
  oldObject,
}: {
  errors: readonly FieldError[]
  oldErrors: readonly FieldError[]
  object: JsonObject
  oldObject: JsonObject
}): readonly FieldError[] {
  const known = new Set(oldErrors.map(({ path, message }) => `${path} ${message}`))
  return errors.filter(
    ({ path, message }) =>
      !known.has(`${path} ${message}`) || !deepEqual(at(object, path), at(oldObject, path)),
  )
}

/** The value at a path as errors spell it: `spec.steps[0].name`, `spec.labels[key]`. */
function at(object: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = object
  for (const [, name, inner] of path.matchAll(/([^.[\]]+)|\[([^\]]*)\]/g)) {
    const key: string = name ?? inner ?? ''
    if (Array.isArray(value)) value = value[Number(key)]
    else value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  }
  return value
}
