// A scenario: the facts of one incident, from a YAML file. All three mock servers answer from it and hold no fact of
// their own. Zod, not TypeBox, because the MCP server package has loaded it already and mocks must start fast.

import { parse } from 'yaml'
import { z } from 'zod'

import { KubeswarmError } from '../../domain/error.ts'
import { builtInFiles } from '../built-in-file.ts'

const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text).getTime())
const span = { service: z.string().min(1) }

const scenarioSchema = z.strictObject({
  name: z.string().min(1),
  incident: z.strictObject({
    id: z.string().min(1),
    title: z.string().min(1),
    status: z.enum(['triggered', 'acknowledged', 'resolved']),
    severity: z.string().min(1),
    service: z.string().min(1),
    triggeredAt: time,
    description: z.string(),
    alerts: z.int().nonnegative(),
    alertWindowMinutes: z.number().positive(),
    assignedTo: z.string().optional(),
    pastIncidents: z
      .array(z.strictObject({ id: z.string(), title: z.string(), resolution: z.array(z.string()) }))
      .default([]),
  }),
  logs: z.array(
    z
      .strictObject({
        ...span,
        level: z.enum(['debug', 'info', 'warn', 'error', 'fatal']),
        message: z.string().min(1),
        count: z.int().positive(),
        from: time,
        to: time,
      })
      .refine(({ from, to }) => from <= to, { message: 'must not end (to) before it begins (from)' }),
  ),
  metrics: z.array(
    z.strictObject({
      ...span,
      name: z.string().min(1),
      unit: z.string(),
      description: z.string().default(''),
      points: z.array(z.tuple([time, z.number()])).min(1),
    }),
  ),
  events: z.array(z.strictObject({ ...span, at: time, text: z.string().min(1) })).default([]),
  slack: z.strictObject({
    channels: z
      .array(
        z.strictObject({ id: z.string(), name: z.string().startsWith('#'), topic: z.string().default('') }),
      )
      .min(1),
  }),
})

export type Scenario = z.infer<typeof scenarioSchema>
export type LogGroup = Scenario['logs'][number]
export type MetricSeries = Scenario['metrics'][number]

const files = builtInFiles({
  directory: new URL('../../../examples/incident-response/scenarios/', import.meta.url),
  what: 'scenario',
})

/** A built-in name (`postgres-failover`) or the path of a file. */
export const loadScenario = async (nameOrPath: string): Promise<Scenario> =>
  parseScenario({ text: await files.read(nameOrPath), source: nameOrPath })

export const parseScenario = ({
  text,
  source,
}: {
  readonly text: string
  readonly source: string
}): Scenario => {
  let value: unknown
  try {
    value = parse(text)
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw invalid({ source, detail, cause })
  }
  const result = scenarioSchema.safeParse(value)
  if (!result.success) {
    const detail = result.error.issues.map(({ path, message }) => `${fieldPath(path)}: ${message}`).join('; ')
    throw invalid({ source, detail })
  }
  return result.data
}

/** Several scenarios for one server: comma-separated names or paths; `all` for every built-in one. */
export const loadScenarios = async (names: string): Promise<readonly Scenario[]> => {
  const list = names === 'all' ? await files.names() : names.split(',').map((name) => name.trim())
  return Promise.all(list.map(loadScenario))
}

const invalid = ({
  source,
  detail,
  cause,
}: {
  source: string
  detail: string
  cause?: unknown
}): KubeswarmError =>
  new KubeswarmError({
    code: 'InvalidInput',
    message: `cannot load scenario "${source}": ${detail}`,
    remedy: 'compare it with examples/incident-response/scenarios/postgres-failover.yaml',
    cause,
  })

const fieldPath = (path: readonly PropertyKey[]): string =>
  path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index ? '.' : ''}${String(part)}`))
    .join('') || 'file'
