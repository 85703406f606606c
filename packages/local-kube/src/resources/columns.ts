/** Table rendering (`kubectl get`): columns, human ages, rows. */
import type { JsonObject, JsonValue } from '../json.ts'
import { asString, valueAt } from '../json.ts'
import { compileJsonPath } from './json-path.ts'

export interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  readonly value: (object: JsonObject, now: number) => JsonValue
}

/** Duration in the form kubectl users know: 5s, 2m18s, 3h, 2d4h, 400d. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  const with_ = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
    small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`
  if (minutes < 10) return with_(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return with_(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (hours < 192) return with_(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  const years = Math.floor(days / 365)
  if (years < 8) return with_(years, 'y', days % 365, 'd')
  return `${years}y`
}

export function age(timestamp: JsonValue | undefined, now: number): string {
  if (typeof timestamp !== 'string') return '<unknown>'
  const time = Date.parse(timestamp)
  return Number.isNaN(time) ? '<invalid>' : humanDuration(now - time)
}

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  value: (object) => asString(valueAt(object, 'metadata', 'name')),
}

export const ageColumn: Column = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  value: (object, now) => age(valueAt(object, 'metadata', 'creationTimestamp'), now),
}

interface PrinterColumn {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  readonly jsonPath: string
}

/** The columns of a custom resource: Name, then `additionalPrinterColumns`, or Age when none are declared. */
export function customColumns(declared: readonly PrinterColumn[]): readonly Column[] {
  const createdAt: Column = { ...ageColumn, name: 'Created At', type: 'date' }
  if (declared.length === 0) return [nameColumn, { ...createdAt, name: 'Age' }]
  return [
    nameColumn,
    ...declared.map((column): Column => {
      const find = compileJsonPath(column.jsonPath)
      return {
        name: column.name,
        type: column.type as Column['type'],
        ...(column.format === undefined ? {} : { format: column.format }),
        description:
          column.description ?? `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
        priority: column.priority ?? 0,
        value: (object, now) => cell(find(object), column.type, now),
      }
    }),
  ]
}

function cell(found: readonly JsonValue[], type: string, now: number): JsonValue {
  if (found.length === 0) return null
  if (found.length > 1)
    return found.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' ')
  const value = found[0] ?? null
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return typeof value === 'string' ? age(value, now) : null
    default:
      if (value === null) return null
      return typeof value === 'string' ? value : JSON.stringify(value)
  }
}

export type IncludeObject = 'None' | 'Metadata' | 'Object'

export function tableOf({
  columns,
  objects,
  metadata,
  include,
  withDefinitions,
  now,
}: {
  readonly columns: readonly Column[]
  readonly objects: readonly JsonObject[]
  readonly metadata: JsonObject
  readonly include: IncludeObject
  readonly withDefinitions: boolean
  readonly now: number
}): JsonObject {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: withDefinitions
      ? columns.map(({ name, type, format, description, priority }) => ({
          name,
          type,
          format: format ?? '',
          description: description ?? '',
          priority: priority ?? 0,
        }))
      : null,
    rows: objects.map((object) => rowOf({ columns, object, include, now })),
  }
}

export function rowOf({
  columns,
  object,
  include,
  now,
}: {
  readonly columns: readonly Column[]
  readonly object: JsonObject
  readonly include: IncludeObject
  readonly now: number
}): JsonObject {
  return {
    cells: columns.map((column) => column.value(object, now)),
    object: include === 'None' ? null : include === 'Object' ? object : partialMetadata(object),
  }
}

export function partialMetadata(object: JsonObject): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object['metadata'] }
}
