import { describe, expect, it } from 'vitest'
import { notYetEffective, notYetEffectiveFields, schemaAt } from './effective.ts'
import type { KubernetesObject } from './resource.ts'
import { definitions, type SwarmKind } from './v1alpha1/index.ts'

const object = (kind: SwarmKind, spec: unknown): KubernetesObject =>
  ({ apiVersion: 'kubeswarm.io/v1alpha1', kind, metadata: { name: 'x' }, spec }) as KubernetesObject
const paths = (kind: SwarmKind, spec: unknown): readonly string[] =>
  notYetEffective(object(kind, spec)).map(({ path }) => path)

describe('the list of fields nothing acts on', () => {
  it('names only fields and values the schema has', () => {
    const wrong = definitions.flatMap((definition) =>
      notYetEffectiveFields[definition.resource.kind as SwarmKind].filter((entry) => {
        const schema = schemaAt(definition, typeof entry === 'string' ? entry : entry.path) as
          { readonly enum?: readonly string[] } | undefined
        return (
          schema === undefined ||
          (typeof entry !== 'string' && !entry.values.every((value) => schema.enum?.includes(value)))
        )
      }),
    )
    expect(wrong).toEqual([])
  })

  it('covers all kinds, each path once', () => {
    for (const entries of Object.values(notYetEffectiveFields))
      expect(new Set(entries.map((entry) => JSON.stringify(entry))).size).toBe(entries.length)
    expect(Object.keys(notYetEffectiveFields).toSorted()).toEqual(
      definitions.map(({ resource }) => resource.kind).toSorted(),
    )
  })
})

describe('notYetEffective', () => {
  it('names each field a manifest sets, with its place', () => {
    expect(
      paths('SwarmTeam', {
        registryRef: 'other',
        pipeline: [{ role: 'a' }, { role: 'b', loop: { condition: 'x' } }],
      }),
    ).toEqual(['spec.pipeline[1].loop', 'spec.registryRef'])
  })

  it('is silent about what the API server fills in', () => {
    expect(
      paths('SwarmTeam', {
        registryRef: 'default',
        pipeline: [{ role: 'a', contextPolicy: { strategy: 'full' } }],
      }),
    ).toEqual([])
    expect(
      paths('SwarmAgent', { infrastructure: { networkPolicy: 'default' }, runtime: { replicas: 1 } }),
    ).toEqual([])
    expect(
      paths('SwarmAgent', {
        reasoning: { mode: 'Disabled' },
        observability: { logging: { level: 'debug', redaction: { secrets: true } } },
      }),
    ).toEqual([])
    expect(paths('SwarmEvent', { source: { type: 'webhook' }, concurrencyPolicy: 'Replace' })).toEqual([])
  })

  it('speaks when a default is changed', () => {
    expect(paths('SwarmAgent', { infrastructure: { plugins: { llm: { address: 'a:1' } } } })).toEqual([
      'spec.infrastructure.plugins',
    ])
    expect(paths('SwarmAgent', { runtime: { loop: { dedup: true } } })).toEqual(['spec.runtime.loop'])
  })

  it('knows single values of a field that otherwise works', () => {
    const follows = (onPhase: string) => ({
      source: { type: 'team-output', teamOutput: { name: 'a', onPhase } },
    })
    expect(paths('SwarmEvent', follows('Running'))).toEqual(['spec.source.teamOutput.onPhase'])
    expect(paths('SwarmEvent', follows('Failed'))).toEqual([])
  })

  it('has nothing to say about other kinds', () => {
    expect(notYetEffective(object('Pod' as SwarmKind, { gateway: {} }))).toEqual([])
  })
})
