/** What the server knows of one served resource: one plural in one group and version. */
import type { JsonObject } from '../json.ts'
import type { ResourceRef } from '../status-error.ts'
import type { StructuralSchema } from '../schema/structural-schema.ts'
import type { Column } from './columns.ts'

export interface ScalePaths {
  readonly specReplicasPath: readonly string[]
  readonly statusReplicasPath: readonly string[]
  readonly labelSelectorPath: readonly string[] | undefined
}

export interface Resource {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  /** Where objects are kept: the versions of a kind share one bucket. */
  readonly bucket: string
  readonly hasStatus: boolean
  readonly hasGeneration: boolean
  readonly scale: ScalePaths | undefined
  readonly columns: readonly Column[]
  readonly fieldSelectors: readonly string[]
  /** Name of the builtin's schema in definitions.json. */
  readonly definition: string | undefined
  /** For custom resources. */
  readonly custom: { readonly crdName: string; readonly schema: StructuralSchema | undefined } | undefined
  readonly toStorage: (object: JsonObject) => JsonObject
  readonly fromStorage: (object: JsonObject) => JsonObject
}

/** `fromStorage` of a resource that is served as it is stored, so that its JSON is as well. */
export const asStored = (object: JsonObject): JsonObject => object

export const apiVersionOf = ({ group, version }: { group: string; version: string }): string =>
  group === '' ? version : `${group}/${version}`

export const refOf = (resource: Resource): ResourceRef => ({
  group: resource.group,
  resource: resource.plural,
})

export const kindRefOf = (resource: Resource): ResourceRef => ({
  group: resource.group,
  resource: resource.kind,
})
