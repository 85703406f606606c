// What a kind is, beyond its fields: names, columns, subresources. One such definition per kind, beside its schema;
// `crd.ts` makes the CustomResourceDefinition of it.

import type { TSchema } from 'typebox'
import type { ResourceType } from './resource.ts'

export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly jsonPath: string
  readonly description: string
  /** 0 is shown always, 1 with `-o wide`. */
  readonly priority?: 0 | 1
}

export interface KindDefinition {
  readonly resource: ResourceType
  readonly singular: string
  readonly shortNames: readonly string[]
  /** One paragraph: what an object of this kind is. */
  readonly description: string
  readonly spec: TSchema
  readonly specRequired: boolean
  readonly status: TSchema
  readonly columns: readonly PrinterColumn[]
  readonly scale?: {
    readonly specReplicasPath: string
    readonly statusReplicasPath: string
    readonly labelSelectorPath: string
  }
}

export const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since creation.',
}
