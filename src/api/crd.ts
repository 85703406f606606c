// From a kind's definition to its CustomResourceDefinition. Pure; the keywords that only TypeBox or our own tools read
// are left behind, so that what remains is a structural schema.

import type { TSchema } from 'typebox'
import type { KindDefinition, PrinterColumn } from './definition.ts'

/** A node of an OpenAPI v3 schema as the API server reads it. */
export interface StructuralSchema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, StructuralSchema>>
  readonly additionalProperties?: StructuralSchema
  readonly items?: StructuralSchema
  readonly anyOf?: readonly { readonly type: string }[]
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[]
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
}

interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: {
    readonly group: string
    readonly scope: 'Namespaced'
    readonly names: {
      readonly kind: string
      readonly listKind: string
      readonly plural: string
      readonly singular: string
      readonly shortNames: readonly string[]
      readonly categories: readonly string[]
    }
    readonly versions: readonly {
      readonly name: string
      readonly served: boolean
      readonly storage: boolean
      readonly schema: { readonly openAPIV3Schema: StructuralSchema }
      readonly subresources: { readonly status: object; readonly scale?: KindDefinition['scale'] }
      readonly additionalPrinterColumns: readonly PrinterColumn[]
    }[]
  }
}

/** Our own tools read these; the API server must not see them. */
const ownKeywords: ReadonlySet<string> = new Set(['x-alias-of'])

const mapValues = <A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))

/** The schema without foreign keywords, as plain data in a fixed key order. */
const structuralSchema = (schema: TSchema): StructuralSchema => {
  const { type, description, properties, items, additionalProperties, ...rest } = schema as Record<
    string,
    unknown
  >
  return {
    ...(type === undefined ? {} : { type }),
    ...(description === undefined ? {} : { description }),
    ...Object.fromEntries(Object.entries(rest).filter(([key]) => !ownKeywords.has(key))),
    ...(additionalProperties === undefined
      ? {}
      : { additionalProperties: structuralSchema(additionalProperties as TSchema) }),
    ...(items === undefined ? {} : { items: structuralSchema(items as TSchema) }),
    ...(properties === undefined
      ? {}
      : { properties: mapValues(properties as Record<string, TSchema>, structuralSchema) }),
  } as StructuralSchema
}

/** The schema of a whole object of the kind. */
export const objectSchema = ({
  description,
  spec,
  specRequired,
  status,
}: Pick<KindDefinition, 'description' | 'spec' | 'specRequired' | 'status'>): StructuralSchema => ({
  type: 'object',
  description,
  ...(specRequired ? { required: ['spec'] } : {}),
  properties: {
    apiVersion: { type: 'string', description: 'Version of the schema: `kubeswarm.io/v1alpha1`.' },
    kind: { type: 'string', description: 'Kind of the object.' },
    metadata: { type: 'object' },
    spec: structuralSchema(spec),
    status: structuralSchema(status),
  },
})

export const customResourceDefinition = (definition: KindDefinition): CustomResourceDefinition => {
  const { resource, singular, shortNames, columns, scale } = definition
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${resource.plural}.${resource.group}`,
      labels: { 'app.kubernetes.io/part-of': 'kubeswarm' },
    },
    spec: {
      group: resource.group,
      scope: 'Namespaced',
      names: {
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        singular,
        shortNames,
        categories: ['kubeswarm'],
      },
      versions: [
        {
          name: resource.version,
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: objectSchema(definition) },
          subresources: { status: {}, ...(scale === undefined ? {} : { scale }) },
        },
      ],
    },
  }
}
