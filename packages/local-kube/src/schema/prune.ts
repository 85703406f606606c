/** Drops fields a schema does not declare and says which they were. `metadata` of embedded objects is always known. */
import { isObject, setOwn } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { StructuralSchema } from './structural-schema.ts'

export interface Pruned {
  readonly value: JsonValue
  readonly unknownFields: readonly string[]
}

const ENVELOPE = new Set(['apiVersion', 'kind', 'metadata'])

/** `isRoot` marks a whole Kubernetes object, whose envelope a CRD's schema need not declare. */
export function prune({
  schema,
  value,
  isRoot = false,
}: {
  schema: StructuralSchema
  value: JsonValue
  isRoot?: boolean
}): Pruned {
  const unknownFields: string[] = []

  const visit = (
    node: StructuralSchema | undefined,
    current: JsonValue,
    path: string,
    embedded: boolean,
    preserved: boolean,
  ): JsonValue => {
    if (Array.isArray(current)) {
      const items = isObject(node?.['items']) ? node['items'] : undefined
      if (items === undefined) return current
      return current.map((item, index) =>
        visit(items, item, `${path}[${index}]`, items['x-kubernetes-embedded-resource'] === true, preserved),
      )
    }
    if (!isObject(current)) return current
    const keeps = preserved || node?.['x-kubernetes-preserve-unknown-fields'] === true
    const properties = isObject(node?.['properties']) ? node['properties'] : {}
    const additional = node?.['additionalProperties']
    // A schema that says nothing about its fields (`type: object` alone) knows none of them.
    const kept: JsonObject = {}
    for (const [key, child] of Object.entries(current)) {
      if (child === undefined) continue
      const childPath = path === '' ? key : `${path}.${key}`
      const property = Object.hasOwn(properties, key) ? properties[key] : undefined
      if (embedded && ENVELOPE.has(key)) setOwn(kept, key, child)
      else if (isObject(property)) {
        setOwn(
          kept,
          key,
          visit(property, child, childPath, property['x-kubernetes-embedded-resource'] === true, false),
        )
      } else if (isObject(additional))
        setOwn(
          kept,
          key,
          visit(additional, child, childPath, additional['x-kubernetes-embedded-resource'] === true, false),
        )
      else if (keeps || additional === true || additional === false) setOwn(kept, key, child)
      else unknownFields.push(childPath)
    }
    return kept
  }

  return { value: visit(schema, value, '', isRoot, false), unknownFields }
}
