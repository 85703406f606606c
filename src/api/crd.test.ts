import { describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { customResourceDefinition, type StructuralSchema } from './crd.ts'
import { definitions } from './v1alpha1/index.ts'

const crds = definitions.map((definition) => customResourceDefinition(definition))
const cases = crds.map((crd) => [crd.spec.names.kind, crd] as const)

const allowedKeywords = new Set([
  'type',
  'description',
  'default',
  'enum',
  'format',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'properties',
  'additionalProperties',
  'items',
  'anyOf',
  'x-kubernetes-validations',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-int-or-string',
])

interface Visit {
  readonly schema: StructuralSchema
  readonly path: string
  /** How many values of this schema one object can hold; Infinity where a list or map around it is open. */
  readonly count: number
  readonly isField: boolean
}

function* walk(
  schema: StructuralSchema,
  path = '',
  count = 1,
  isField = false,
): Generator<Visit, void, undefined> {
  yield { schema, path, count, isField }
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    yield* walk(property, `${path}.${name}`, count, true)
  if (schema.items !== undefined)
    yield* walk(schema.items, `${path}[]`, count * (schema.maxItems ?? Infinity))
  if (schema.additionalProperties !== undefined)
    yield* walk(schema.additionalProperties, `${path}{}`, count * (schema.maxProperties ?? Infinity))
}

const rootOf = (crd: (typeof crds)[number]): StructuralSchema => {
  const [version] = crd.spec.versions
  if (version === undefined) throw new Error('no version')
  return version.schema.openAPIV3Schema
}
const found = (crd: (typeof crds)[number], wrong: (visit: Visit) => boolean): readonly string[] =>
  [...walk(rootOf(crd))].filter(wrong).map(({ path }) => path)

describe('customResourceDefinition', () => {
  it.each(cases)(
    '%s is structural: one type on every node and no keyword beyond the allowed ones',
    (_, crd) => {
      expect(
        found(
          crd,
          ({ schema }) =>
            (schema.type === undefined &&
              schema['x-kubernetes-int-or-string'] !== true &&
              schema['x-kubernetes-preserve-unknown-fields'] !== true) ||
            Array.isArray(schema.type) ||
            Object.keys(schema).some((keyword) => !allowedKeywords.has(keyword)) ||
            (schema.anyOf !== undefined && schema['x-kubernetes-int-or-string'] !== true) ||
            (schema.properties !== undefined && schema.additionalProperties !== undefined) ||
            (schema.type === 'array' && schema.items === undefined),
        ),
      ).toEqual([])
    },
  )

  it.each(cases)('%s describes every field, and says how wide every integer is', (_, crd) => {
    expect(
      found(
        crd,
        ({ schema, path, isField }) =>
          (isField && path !== '.metadata' && !/^\S.*\S$/s.test(schema.description ?? '')) ||
          (schema.type === 'integer' && schema.format === undefined),
      ),
    ).toEqual([])
  })

  it.each(cases)('%s keys its list maps by a required text', (_, crd) => {
    expect(
      found(crd, ({ schema }) =>
        (schema['x-kubernetes-list-map-keys'] ?? []).some(
          (key) =>
            !(schema.items?.required ?? []).includes(key) ||
            schema.items?.properties?.[key]?.type !== 'string',
        ),
      ),
    ).toEqual([])
  })

  it.each(cases)('%s lets no rule run more often than the API server can foresee', (_, crd) => {
    // The API server multiplies a rule's cost by how often it can run, and refuses the definition beyond a budget.
    expect(
      found(crd, ({ schema, count }) => schema['x-kubernetes-validations'] !== undefined && count > 150_000),
    ).toEqual([])
  })

  it.each(cases)('%s gives each default the type of its field', (_, crd) => {
    const kindOf = (value: unknown): string =>
      Number.isInteger(value) ? 'integer' : Array.isArray(value) ? 'array' : typeof value
    expect(
      found(
        crd,
        ({ schema }) =>
          schema.default !== undefined &&
          (kindOf(schema.default) !== schema.type ||
            (schema.enum !== undefined && !schema.enum.includes(schema.default))),
      ),
    ).toEqual([])
  })

  it.each([
    ['SwarmAgent', ['Model', 'Replicas', 'Ready', 'Age'], ['swagent', 'swagents']],
    ['SwarmRun', ['Phase', 'Age'], ['swrun', 'swruns']],
    ['SwarmTeam', ['Phase', 'Last Run', 'Age'], ['swteam', 'swteams']],
    ['SwarmPolicy', ['Mode', 'Agents', 'Compliant', 'Age'], ['swpol', 'swpols']],
    ['SwarmSettings', ['Agents', 'Age'], ['swcfg', 'swcfgs']],
    ['SwarmEvent', ['Type', 'Suspended', 'Fired', 'Last Fired', 'Next Fire', 'Age'], ['swevt', 'swevts']],
  ])('kubectl get %s prints the columns people know', (kind, columns, shortNames) => {
    const crd = crds.find(({ spec }) => spec.names.kind === kind)
    const [version] = crd?.spec.versions ?? []
    expect(
      version?.additionalPrinterColumns.filter(({ priority }) => priority !== 1).map(({ name }) => name),
    ).toEqual(columns)
    expect(crd?.spec.names).toMatchObject({ shortNames, categories: ['kubeswarm'] })
    expect(crd?.metadata.name).toBe(`${crd?.spec.names.plural}.kubeswarm.io`)
    expect(version?.subresources.status).toEqual({})
  })

  it('SwarmAgent scales by spec.runtime.replicas, which always has a value', () => {
    const crd = crds.find(({ spec }) => spec.names.kind === 'SwarmAgent')
    expect(crd?.spec.versions[0]?.subresources.scale).toEqual({
      specReplicasPath: '.spec.runtime.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    })
    const spec = crd && rootOf(crd).properties?.['spec']
    expect(spec?.properties?.['runtime']).toMatchObject({
      default: {},
      properties: { replicas: { default: 1 } },
    })
  })

  it.each(cases)('%s reads the same from its file as a tool of YAML 1.1 reads it', (_, crd) => {
    const file = new URL(`crds/${crd.spec.names.plural}.yaml`, import.meta.url)
    const read: unknown = parse(readFileSync(file, 'utf8'), { version: '1.1' })
    expect(read).toEqual(JSON.parse(JSON.stringify(crd)))
  })

  it('printer columns point at fields that exist', () => {
    const missing = crds.flatMap((crd) =>
      (crd.spec.versions[0]?.additionalPrinterColumns ?? [])
        .map(({ jsonPath }) => jsonPath)
        .filter((path) => !path.startsWith('.metadata') && !path.includes('[?('))
        .filter((path) => ![...walk(rootOf(crd))].some((visit) => visit.path === path)),
    )
    expect(missing).toEqual([])
  })
})
