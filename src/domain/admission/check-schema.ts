// An object against its schema: types, required fields, limits and enumerations, with values and remedies. The API
// server does this too; here it keeps every later check from meeting an object of another shape.

import { Errors } from 'typebox/value'
import type { FieldError } from '../error.ts'
import { formatPath, type PathSegment, valueAt } from '../../api/field-path.ts'
import type { KubernetesObject } from '../../api/resource.ts'
import { quantityPattern } from '../../api/schema.ts'
import { definitions } from '../../api/v1alpha1/index.ts'
import { suggest } from './suggest.ts'

interface SchemaFault {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly message: string
  readonly params: object
}

const segmentsOf = (pointer: string, root: unknown): readonly PathSegment[] => {
  const segments: PathSegment[] = []
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    segments.push(Array.isArray(valueAt(root, segments)) ? Number(key) : key)
  }
  return segments
}

const shown = (value: unknown): string => {
  const json = JSON.stringify(value) ?? 'nothing'
  return json.length > 80 ? `${json.slice(0, 80)}…` : json
}

const typeOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object'
        ? 'an object'
        : shown(value)

const texts = (params: object, key: string): readonly string[] => {
  const value = (params as Readonly<Record<string, unknown>>)[key]
  return Array.isArray(value) ? value.map(String) : []
}

const describe = (
  { keyword, message, params, schemaPath }: SchemaFault,
  value: unknown,
): Pick<FieldError, 'message' | 'remedy'> => {
  const { limit, type, pattern } = params as {
    readonly limit?: unknown
    readonly type?: unknown
    readonly pattern?: unknown
  }
  if (schemaPath.includes('/anyOf') || String(pattern) === quantityPattern)
    return {
      message: `${shown(value)} is not a quantity`,
      remedy: 'Write an amount such as 500m, 2 or 256Mi.',
    }
  switch (keyword) {
    case 'type':
      return {
        message: `is ${typeOf(value)}, and must be of type ${String(type)}`,
        ...(type === 'string' && (typeof value === 'number' || typeof value === 'boolean')
          ? { remedy: 'Put it in quotes.' }
          : {}),
      }
    case 'enum':
      return {
        message: `${shown(value)} is not one of the values accepted`,
        remedy: suggest({ wanted: String(value), known: texts(params, 'allowedValues'), noun: 'values' }),
      }
    case 'minimum':
    case 'maximum':
      return { message: `${shown(value)} is ${keyword === 'minimum' ? 'below' : 'above'} ${String(limit)}` }
    case 'minItems':
    case 'maxItems':
      return {
        message: `has too ${keyword === 'minItems' ? 'few' : 'many'} items: the limit is ${String(limit)}`,
      }
    case 'minLength':
      return { message: 'is empty' }
    default:
      return { message: `${shown(value)} ${message}` }
  }
}

/** One fault a field: a value of the wrong type would otherwise break several rules at once. */
export const checkSchema = (object: KubernetesObject): readonly FieldError[] => {
  const definition = definitions.find(({ resource }) => resource.kind === object.kind)
  if (definition === undefined) return []
  const { spec } = object as { readonly spec?: unknown }
  if (spec === undefined || spec === null)
    return definition.specRequired ? [{ path: 'spec', message: 'is missing' }] : []
  const found = new Map<string, FieldError>()
  for (const fault of Errors(definition.spec, spec) as readonly SchemaFault[]) {
    const segments = segmentsOf(fault.instancePath, spec)
    const path = formatPath(['spec', ...segments])
    // Said of the object around a value that has been named already.
    if (fault.keyword === 'additionalProperties') continue
    if (fault.keyword === 'required') {
      for (const name of texts(fault.params, 'requiredProperties')) {
        const missing = formatPath(['spec', ...segments, name])
        if (!found.has(missing)) found.set(missing, { path: missing, message: 'is missing' })
      }
      continue
    }
    if (!found.has(path)) found.set(path, { path, ...describe(fault, valueAt(spec, segments)) })
  }
  return [...found.values()]
}
