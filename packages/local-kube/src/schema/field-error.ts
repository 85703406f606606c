/** One thing wrong at one path, with the reason and words Kubernetes uses. */
import type { JsonValue } from '../json.ts'

/** Once there are this many, more of them help nobody. */
export const ENOUGH_ERRORS = 100

export type FieldErrorType =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueTypeInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueNotFound'

export interface FieldError {
  readonly path: string
  readonly type: FieldErrorType
  /** Without the path: `Invalid value: 0: must be at least 1`. */
  readonly message: string
  readonly value: JsonValue | undefined
}

const quote = (value: JsonValue): string => {
  const text = typeof value === 'string' ? JSON.stringify(value) : JSON.stringify(value)
  return text.length > 2000 ? `${text.slice(0, 2000)}…` : text
}

export const fieldInvalid = (path: string, value: JsonValue, detail: string): FieldError => ({
  path,
  type: 'FieldValueInvalid',
  message: `Invalid value: ${quote(value)}: ${detail}`,
  value,
})

export const fieldTypeInvalid = (path: string, value: JsonValue, detail: string): FieldError => ({
  ...fieldInvalid(path, value, detail),
  type: 'FieldValueTypeInvalid',
})

export const fieldRequired = (path: string, detail?: string): FieldError => ({
  path,
  type: 'FieldValueRequired',
  message: detail === undefined || detail === '' ? 'Required value' : `Required value: ${detail}`,
  value: undefined,
})

const SHOWN_CHOICES = 100

export const fieldNotSupported = (
  path: string,
  value: JsonValue,
  supported: readonly JsonValue[],
): FieldError => ({
  path,
  type: 'FieldValueNotSupported',
  message: `Unsupported value: ${quote(value)}: supported values: ${supported
    .slice(0, SHOWN_CHOICES)
    .map((item) => quote(item))
    .join(', ')}${supported.length > SHOWN_CHOICES ? ', …' : ''}`,
  value,
})

export const fieldDuplicate = (path: string, value: JsonValue): FieldError => ({
  path,
  type: 'FieldValueDuplicate',
  message: `Duplicate value: ${quote(value)}`,
  value,
})

export const fieldForbidden = (path: string, detail: string): FieldError => ({
  path,
  type: 'FieldValueForbidden',
  message: `Forbidden: ${detail}`,
  value: undefined,
})
