/** The schemas and wire numbers of the builtin kinds, read from the derived file on first use and linked once. */
import { readFileSync } from 'node:fs'
import { isObject } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { StructuralSchema } from '../schema/structural-schema.ts'

/** Field number → [JSON name, type]; an empty name marks a message whose fields are the parent's in JSON. */
export type ProtobufMessage = Readonly<Record<string, readonly [name: string, type: string]>>

interface Derived {
  readonly definitions: Readonly<Record<string, JsonObject>>
  readonly protobuf: Readonly<Record<string, ProtobufMessage>>
}

const REF = '#/components/schemas/'
let raw: Derived | undefined
let linked: Readonly<Record<string, JsonObject>> | undefined

function load(): Derived {
  raw ??= JSON.parse(readFileSync(new URL('./definitions.json', import.meta.url), 'utf8')) as Derived
  return raw
}

/** As they stand in an OpenAPI document, with `$ref`s. */
export function rawDefinitions(): Readonly<Record<string, JsonObject>> {
  return load().definitions
}

export function protobufMessage(name: string): ProtobufMessage | undefined {
  return load().protobuf[name]
}

/** With `$ref`s replaced by what they name; the graph may be cyclic, so walk it only along a value. */
export function builtinSchema(name: string): StructuralSchema | undefined {
  linked ??= link(structuredClone(load().definitions) as Record<string, JsonObject>)
  return linked[name]
}

function link(definitions: Record<string, JsonObject>): Record<string, JsonObject> {
  const resolve = (schema: JsonObject): JsonObject => {
    const ref = schema['$ref']
    if (typeof ref === 'string') {
      const { $ref: _, ...beside } = schema
      return { ...definitions[ref.slice(REF.length)], ...beside }
    }
    for (const key of ['items', 'additionalProperties']) {
      const child = schema[key]
      if (isObject(child)) schema[key] = resolve(child)
    }
    return schema
  }
  for (const definition of Object.values(definitions)) {
    const properties = definition['properties']
    if (!isObject(properties)) continue
    for (const [key, property] of Object.entries(properties))
      if (isObject(property)) properties[key] = resolve(property)
  }
  return definitions
}

const PACKAGES: Readonly<Record<string, string>> = {
  v1: 'io.k8s.api.core.v1',
  'meta.k8s.io/v1': 'io.k8s.apimachinery.pkg.apis.meta.v1',
}

/** The message of a served kind: `apps/v1` + `Deployment`. */
export function builtinMessageName(apiVersion: string, kind: string): string | undefined {
  const group = (apiVersion.split('/')[0] ?? '').replace(/\..*$/, '')
  const name =
    kind === 'DeleteOptions'
      ? `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`
      : `${PACKAGES[apiVersion] ?? `io.k8s.api.${group}.v1`}.${kind}`
  return load().protobuf[name] === undefined ? undefined : name
}
