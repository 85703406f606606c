/** Drops fields a schema does not declare and says which they were. `metadata` of embedded objects is always known. */
import { isObject, mapped, setOwn } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { StructuralSchema } from './structural-schema.ts'

export interface Pruned {
  /** Shares with what was given all that nothing was dropped from. */
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
      return mapped(current, (item, index) =>
        visit(items, item, `${path}[${index}]`, items['x-kubernetes-embedded-resource'] === true, preserved),
      )
    }
    if (!isObject(current)) return current
    const keeps = preserved || node?.['x-kubernetes-preserve-unknown-fields'] === true
    const properties = isObject(node?.['properties']) ? node['properties'] : {}
    const additional = node?.['additionalProperties']
    const visitField = (key: string, child: JsonValue): JsonValue | undefined => {
      const property = Object.hasOwn(properties, key) ? properties[key] : undefined
      if (embedded && ENVELOPE.has(key)) return child
      const field = isObject(property) ? property : additional
      const isScalar = typeof child !== 'object' || child === null
      if (isObject(field)) {
        if (isScalar) return child
        return visit(
          field,
          child,
          path === '' ? key : `${path}.${key}`,
          field['x-kubernetes-embedded-resource'] === true,
          false,
        )
      }
      // A schema that says nothing about its fields (`type: object` alone) knows none of them.
      if (keeps || additional === true || additional === false) return child
      unknownFields.push(path === '' ? key : `${path}.${key}`)
      return undefined
    }
    const keys = Object.keys(current)
    let kept: JsonObject | undefined
    for (const [index, key] of keys.entries()) {
      const child = current[key]
      const left = child === undefined ? undefined : visitField(key, child)
      if (kept === undefined) {
        if (left === child && left !== undefined) continue
        kept = {}
        for (const before of keys.slice(0, index)) setOwn(kept, before, current[before])
      }
      if (left !== undefined) setOwn(kept, key, left)
    }
    return kept ?? current
  }

  return { value: visit(schema, value, '', isRoot, false), unknownFields }
}
