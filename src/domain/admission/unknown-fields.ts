// Fields no schema knows, with the nearest one that exists. The API server refuses such fields too, without knowing
// what was meant.

import type { FieldError } from '../error.ts'
import { formatPath, type PathSegment } from '../../api/field-path.ts'
import type { KubernetesObject } from '../../api/resource.ts'
import { apiVersion, definitions, group } from '../../api/v1alpha1/index.ts'
import { suggest } from './suggest.ts'

interface Node {
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly additionalProperties?: Node
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
}

const walk = (schema: Node, value: unknown, path: readonly PathSegment[]): readonly FieldError[] => {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return []
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined
      ? []
      : value.flatMap((item: unknown, index) => walk(items, item, [...path, index]))
  }
  if (typeof value !== 'object' || value === null) return []
  const { properties, additionalProperties } = schema
  return Object.entries(value).flatMap(([key, inner]): readonly FieldError[] => {
    const field =
      properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : additionalProperties
    if (field !== undefined) return walk(field, inner, [...path, key])
    // A scalar's schema has no properties: an object in its place is a wrong type, not an unknown field.
    if (properties === undefined) return []
    return [
      {
        path: formatPath([...path, key]),
        message: `there is no field "${key}"`,
        remedy: suggest({ wanted: key, known: Object.keys(properties), noun: 'fields' }),
      },
    ]
  })
}

/** Also says when the kind or the version of our group is one that does not exist. */
export const unknownFields = (object: KubernetesObject): readonly FieldError[] => {
  if (!object.apiVersion.startsWith(`${group}/`) && object.apiVersion !== group) return []
  if (object.apiVersion !== apiVersion)
    return [
      {
        path: 'apiVersion',
        message: `there is no version "${object.apiVersion}"`,
        remedy: `Use ${apiVersion}.`,
      },
    ]
  const definition = definitions.find(({ resource }) => resource.kind === object.kind)
  if (definition === undefined)
    return [
      {
        path: 'kind',
        message: `there is no kind "${object.kind}"`,
        remedy: suggest({
          wanted: object.kind,
          known: definitions.map(({ resource }) => resource.kind),
          noun: 'kinds',
        }),
      },
    ]
  const anything: Node = { 'x-kubernetes-preserve-unknown-fields': true }
  return walk(
    {
      properties: {
        apiVersion: {},
        kind: {},
        metadata: anything,
        spec: definition.spec as Node,
        status: anything,
      },
    },
    object,
    [],
  )
}
