/** Fields that the schema does not have: refused, warned of, or let pass, as the request wishes. */
import { badRequest, invalid } from '../status-error.ts'
import { kindRefOf } from './resource.ts'
import type { WriteContext } from './write-context.ts'

/** Fields a newer schema stopped knowing are not the fault of whoever patches something else. */
export function newlyUnknown(unknown: readonly string[], before: readonly string[]): readonly string[] {
  const known = new Set(before)
  return unknown.filter((field) => !known.has(field))
}

export function reportUnknown(
  context: WriteContext,
  unknownFields: readonly string[],
  source: 'body' | { readonly patch: string },
): void {
  if (context.fieldValidation === 'Ignore') return
  const texts = [
    ...unknownFields.map((field) => `unknown field "${field}"`),
    ...(context.duplicateFields?.() ?? []).map((field) => `duplicate field "${field}"`),
  ]
  if (texts.length === 0) return
  if (context.fieldValidation === 'Warn') {
    for (const text of texts) context.warn(text)
    return
  }
  const { resource, name } = context
  const detail = `strict decoding error: ${texts.join(', ')}`
  if (source === 'body') {
    throw badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${detail}`,
    )
  }
  throw invalid(kindRefOf(resource), name, [
    {
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(source.patch)}: ${detail}`,
      field: 'patch',
    },
  ])
}
