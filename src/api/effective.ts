// Fields that the schema accepts and nothing acts on yet. A manifest that sets one applies, and its author is told:
// a silent field would be a promise nobody keeps. Remove a line here in the same change that makes the field work.

import type { TSchema } from 'typebox'
import type { KubernetesObject } from './resource.ts'
import type { KindDefinition } from './definition.ts'
import { formatPath, type PathSegment } from './field-path.ts'
import { definitions, type SwarmKind } from './v1alpha1/index.ts'

/** A path, `[]` for every item of a list, and with it everything below; or only some values of the field. */
export type NotYetEffective = string | { readonly path: string; readonly values: readonly string[] }

export const notYetEffectiveFields: Readonly<Record<SwarmKind, readonly NotYetEffective[]>> = {
  SwarmAgent: [
    'spec.capabilities',
    'spec.tools.mcp[].capabilityRef',
    'spec.tools.mcp[].discovery',
    'spec.tools.webhooks',
    'spec.agents',
    'spec.guardrails.budgetRef',
    'spec.guardrails.limits.circuitBreaker',
    'spec.reasoning',
    'spec.runtime.autoscaling',
    'spec.runtime.loop',
    'spec.runtime.artifacts',
    'spec.infrastructure.registryRef',
    'spec.infrastructure.plugins',
    'spec.observability.healthCheck',
    'spec.observability.logging.toolCalls',
    'spec.observability.logging.llmTurns',
    'spec.observability.logging.redaction',
    'spec.observability.auditLog',
    'spec.gateway',
  ],
  SwarmTeam: [
    'spec.entry',
    'spec.maxDailyTokens',
    'spec.roles[].swarmTeam',
    'spec.roles[].model',
    'spec.roles[].prompt',
    'spec.roles[].tools',
    'spec.roles[].runtime',
    'spec.roles[].limits',
    'spec.roles[].canDelegate',
    'spec.roles[].settings',
    'spec.roles[].envFrom',
    'spec.roles[].plugins',
    'spec.pipeline[].loop',
    'spec.pipeline[].validate.semantic',
    'spec.pipeline[].validate.semanticModel',
    'spec.pipeline[].outputArtifacts',
    'spec.pipeline[].inputArtifacts',
    'spec.pipeline[].registryLookup',
    'spec.pipeline[].contextPolicy',
    'spec.defaultContextPolicy',
    'spec.budgetRef',
    'spec.registryRef',
    'spec.artifactStore',
    'spec.autoscaling',
    'spec.routing',
    'spec.search',
  ],
  SwarmRun: ['spec.teamGeneration', 'spec.entry', 'spec.defaultContextPolicy', 'spec.routing', 'spec.search'],
  SwarmPolicy: [{ path: 'spec.output.minValidation', values: ['semantic'] }],
  SwarmEvent: [{ path: 'spec.source.teamOutput.onPhase', values: ['Pending', 'Ready', 'Running'] }],
  SwarmSettings: ['spec.memoryBackend', 'spec.auditLog', 'spec.reasoning'],
  SwarmNotify: [],
}

interface FieldNote {
  readonly path: string
  readonly message: string
}

/** `spec.roles[].model` → spec, roles, every item, model. */
const segmentsOf = (path: string): readonly string[] => path.replaceAll('[]', '.[]').split('.')

/** The schema at a path of the list above; undefined where there is none. */
export const schemaAt = (definition: KindDefinition, path: string): TSchema | undefined =>
  segmentsOf(path).reduce<TSchema | undefined>((schema, segment, index) => {
    if (index === 0) return segment === 'spec' ? definition.spec : undefined
    const { properties, items } = (schema ?? {}) as {
      readonly properties?: Readonly<Record<string, TSchema>>
      readonly items?: TSchema
    }
    return segment === '[]' ? items : properties?.[segment]
  }, undefined)

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === 'object' && Object.values(value).every((inner) => inner === undefined))

/** Whether a value says no more than the schema's own defaults say: the API server writes those, not the author. */
const saysNothing = (schema: TSchema | undefined, value: unknown): boolean => {
  if (isEmpty(value)) return true
  const { properties, default: fallback } = (schema ?? {}) as {
    readonly properties?: Readonly<Record<string, TSchema>>
    readonly default?: unknown
  }
  if (properties !== undefined && typeof value === 'object')
    return Object.entries(value as object).every(([key, inner]) => saysNothing(properties[key], inner))
  return fallback !== undefined && fallback === value
}

/** Every place in an object that a pattern of the list above stands for. */
const places = (
  value: unknown,
  segments: readonly string[],
  path: readonly PathSegment[] = [],
): readonly { readonly path: readonly PathSegment[]; readonly value: unknown }[] => {
  const [segment, ...rest] = segments
  if (segment === undefined) return value === undefined ? [] : [{ path, value }]
  if (segment === '[]')
    return Array.isArray(value)
      ? value.flatMap((item: unknown, index) => places(item, rest, [...path, index]))
      : []
  if (typeof value !== 'object' || value === null) return []
  return places((value as Readonly<Record<string, unknown>>)[segment], rest, [...path, segment])
}

/** The fields an object sets that nothing acts on yet. Expects the one spelling (`spellings.ts`). */
export const notYetEffective = (object: KubernetesObject): readonly FieldNote[] => {
  const definition = definitions.find(({ resource }) => resource.kind === object.kind)
  if (definition === undefined) return []
  return notYetEffectiveFields[object.kind as SwarmKind].flatMap((entry) => {
    const path = typeof entry === 'string' ? entry : entry.path
    return places(object, segmentsOf(path)).flatMap((place) => {
      if (typeof entry !== 'string')
        return entry.values.includes(String(place.value))
          ? [
              {
                path: formatPath(place.path),
                message: `"${String(place.value)}" is accepted, and not acted on by this version`,
              },
            ]
          : []
      if (saysNothing(schemaAt(definition, path), place.value)) return []
      return [{ path: formatPath(place.path), message: 'is accepted, and not acted on by this version' }]
    })
  })
}
