// The few builders every schema here is made of. They fix what TypeBox leaves open and a CustomResourceDefinition
// demands: a type on every node, an integer format, list and map kinds, and a description on every field. They build
// schemas only; `crd.ts` turns them into a CustomResourceDefinition.

import { Type } from 'typebox'
import type { Static, TArray, TInteger, TObject, TProperties, TSchema, TString, TUnsafe } from 'typebox'

/** A CEL rule as the API server evaluates it. */
interface Rule {
  readonly rule: string
  readonly message: string
}

/** The static type of a schema, readonly all the way down. */
export type Immutable<T> = T extends readonly (infer E)[]
  ? readonly Immutable<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Immutable<T[K]> }
    : T
export type TypeOf<S extends TSchema> = Immutable<Static<S>>

export const optional = Type.Optional

interface TextOptions {
  readonly default?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
}

export const text = (description: string, options: TextOptions = {}): TString =>
  Type.String({ description, ...options })

/** RFC 3339. */
export const time = (description: string): TString => Type.String({ description, format: 'date-time' })

interface IntegerOptions {
  readonly default?: number
  readonly minimum?: number
  readonly maximum?: number
}

export const integer = (description: string, options: IntegerOptions = {}): TInteger =>
  Type.Integer({ description, format: 'int32', ...options })

/** For counts that outgrow 32 bits: token sums, generations. */
export const longInteger = (description: string, options: IntegerOptions = {}): TInteger =>
  Type.Integer({ description, format: 'int64', ...options })

export const flag = (description: string, options: { readonly default?: boolean } = {}) =>
  Type.Boolean({ description, ...options })

export const choice = <const V extends string>(
  values: readonly V[],
  description: string,
  options: { readonly default?: NoInfer<V> } = {},
): TUnsafe<V> => Type.Unsafe<V>({ type: 'string', enum: [...values], description, ...options })

interface ListOptions {
  readonly minItems?: number
  readonly maxItems?: number
  /** The item field that identifies an item: the list is merged by it and may hold each value once. */
  readonly key?: string
}

export const list = <S extends TSchema>(
  items: S,
  description: string,
  { key, ...options }: ListOptions = {},
): TArray<S> =>
  Type.Array(items, {
    description,
    ...options,
    ...(key === undefined
      ? { 'x-kubernetes-list-type': 'atomic' }
      : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] }),
  })

/** A list of plain texts. */
export const texts = (description: string, options: { readonly maxItems?: number } = {}) =>
  list(Type.String(), description, options)

export const mapOf = <S extends TSchema>(
  values: S,
  description: string,
  options: { readonly maxProperties?: number } = {},
): TUnsafe<Record<string, Static<S>>> =>
  Type.Unsafe<Record<string, Static<S>>>({
    type: 'object',
    additionalProperties: values,
    description,
    ...options,
  })

export const textMap = (description: string, options: { readonly maxProperties?: number } = {}) =>
  mapOf(Type.String(), description, options)

interface ObjectOptions {
  readonly default?: Readonly<Record<string, never>>
  readonly rules?: readonly Rule[]
  /** The whole object is replaced at once: no field manager owns a part of it. */
  readonly atomic?: boolean
  /**
   * Other spellings of fields of this object. The API server accepts them; the TypeScript type does not show them,
   * because `spellings.ts` rewrites them before anything reads the object.
   */
  readonly aliases?: TProperties
}

export const object = <P extends TProperties>(
  description: string,
  properties: P,
  { rules, atomic, aliases, ...options }: ObjectOptions = {},
): TObject<P> =>
  Type.Object({ ...properties, ...aliases } as unknown as P, {
    description,
    ...options,
    ...(rules === undefined ? {} : { 'x-kubernetes-validations': rules }),
    ...(atomic === true ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  })

/** The same schema with the words that fit the place where it is used. */
export const described = <S extends TSchema>(description: string, schema: S): S => ({
  ...schema,
  description,
})

/** Marks a field as another spelling of `of`, a path relative to the object that holds it. */
export const aliasOf = <S extends TSchema>(of: string, schema: S) =>
  optional({ ...schema, description: `Another spelling of \`${of}\`.`, 'x-alias-of': of } as S)

/** Any JSON object; the API server keeps what it does not know. */
export const anyObject = (description: string): TUnsafe<Record<string, unknown>> =>
  Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    description,
    'x-kubernetes-preserve-unknown-fields': true,
  })

/** Any JSON value. */
export const anyValue = (description: string): TUnsafe<unknown> =>
  Type.Unsafe<unknown>({ description, 'x-kubernetes-preserve-unknown-fields': true })

export const quantityPattern =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$'

/** A Kubernetes quantity: `500m`, `1Gi`, 2. */
export const quantity = (description: string): TUnsafe<string | number> =>
  Type.Unsafe<string | number>({
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    pattern: quantityPattern,
    'x-kubernetes-int-or-string': true,
    description,
  })
