// What the output of a step must satisfy before it is one: expressions and JSON Schemas of its manifest. With an
// `outputSchema` the output is the JSON alone: words around it, which nobody checked, are not handed on.

import { RE2JS } from 're2js'
import type { SwarmTeamPipelineStep } from '../../api/v1alpha1/index.ts'
import type { FieldError } from '../error.ts'
import { type InputSchema, valueFault } from '../guardrail/input-schema.ts'
import type { OutputLevel } from '../guardrail/effective-policy.ts'
import { jsonIn } from './json-in.ts'

export interface OutputRules {
  /** The output becomes the JSON that fits it. */
  readonly schema?: InputSchema
  /** The output must hold JSON that fits it, and stays as it is. */
  readonly holds?: InputSchema
  readonly contains?: string
  readonly rejectPatterns: readonly string[]
  /** How often the model is asked again. */
  readonly retries: number
}

/** Where the manifest does not say whether to ask again. */
const defaultRetries = 2

/** Undefined for a step that demands nothing. Expects what `checkOutputRules` found no fault with. */
export const outputRulesOf = ({
  outputSchema,
  validate,
}: Pick<SwarmTeamPipelineStep, 'outputSchema' | 'validate'>): OutputRules | undefined => {
  const { schema, contains, rejectPatterns = [], onFailure = 'fail', maxRetries } = validate ?? {}
  if (isBlank(outputSchema) && isBlank(schema) && isBlank(contains) && rejectPatterns.length === 0)
    return undefined
  const [output, held] = [schemaIn(outputSchema), schemaIn(schema)]
  return {
    ...(output === undefined ? {} : { schema: output }),
    ...(held === undefined ? {} : { holds: held }),
    ...(isBlank(contains) ? {} : { contains }),
    rejectPatterns,
    retries: validate === undefined || onFailure === 'retry' ? (maxRetries ?? defaultRetries) : 0,
  }
}

/** How thorough the check of a step is, as policies rank it. */
export const levelOf = (rules: OutputRules | undefined): OutputLevel => {
  if (rules === undefined) return 'none'
  return rules.schema === undefined && rules.holds === undefined ? 'pattern' : 'schema'
}

/** Faults of the rules themselves. */
export const checkOutputRules = (
  { outputSchema, validate }: Pick<SwarmTeamPipelineStep, 'outputSchema' | 'validate'>,
  path: string,
): readonly FieldError[] => [
  ...schemaFaults(outputSchema, `${path}.outputSchema`),
  ...schemaFaults(validate?.schema, `${path}.validate.schema`),
  ...expressionFaults(validate?.contains, `${path}.validate.contains`),
  ...(validate?.rejectPatterns ?? []).flatMap((pattern, index) =>
    expressionFaults(pattern, `${path}.validate.rejectPatterns[${index}]`),
  ),
]

export type CheckedOutput =
  | { readonly type: 'fits'; readonly output: string }
  /** `fault` in words a model can act on. */
  | { readonly type: 'misfit'; readonly fault: string }

export const checkedOutput = (rules: OutputRules | undefined, output: string): CheckedOutput => {
  if (rules === undefined) return { type: 'fits', output }
  const misfit = (fault: string): CheckedOutput => ({ type: 'misfit', fault })
  const { schema, holds, contains, rejectPatterns } = rules
  if (contains !== undefined && !finds(contains, output)) return misfit(`it does not match ${contains}`)
  const rejected = rejectPatterns.find((pattern) => finds(pattern, output))
  if (rejected !== undefined) return misfit(`it matches ${rejected}, which it must not`)
  if (schema === undefined && holds === undefined) return { type: 'fits', output }
  const value = jsonIn(output)
  if (value === undefined) return misfit('it is not JSON')
  for (const demanded of [schema, holds]) {
    if (demanded === undefined) continue
    const fault = valueFault({ schema: demanded, value, noun: 'it' })
    if (fault !== undefined) return misfit(fault.fault)
  }
  return { type: 'fits', output: schema === undefined ? output : JSON.stringify(value) }
}

/** What a model is told of the schema its answer must fit; empty where there is none. */
export const schemaAdvice = ({ schema }: Partial<OutputRules> = {}): string =>
  schema === undefined
    ? ''
    : `Answer with JSON alone, without any other words. It must fit this JSON Schema:\n${JSON.stringify(schema)}`

const isBlank = (text: string | undefined): text is undefined => text === undefined || text.trim() === ''

const schemaIn = (text: string | undefined): InputSchema | undefined =>
  isBlank(text) ? undefined : (JSON.parse(text) as InputSchema)

const schemaFaults = (text: string | undefined, path: string): readonly FieldError[] => {
  if (isBlank(text)) return []
  const remedy = 'Write a JSON Schema as JSON text, for example {"type":"object","required":["cause"]}.'
  let schema: unknown
  try {
    schema = JSON.parse(text)
  } catch (error) {
    return [
      { path, message: `is not JSON: ${error instanceof Error ? error.message : String(error)}`, remedy },
    ]
  }
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    return [{ path, message: 'is no JSON Schema: it must be an object', remedy }]
  const found = valueFault({ schema: schema as InputSchema, value: null, noun: 'it' })
  return found?.type === 'schema' ? [{ path, message: `the schema ${found.fault}`, remedy }] : []
}

export const expressionFaults = (pattern: string | undefined, path: string): readonly FieldError[] => {
  if (pattern === undefined) return []
  try {
    RE2JS.compile(pattern)
    return []
  } catch (error) {
    return [
      {
        path,
        message: `${JSON.stringify(pattern)} is not a regular expression: ${error instanceof Error ? error.message : String(error)}`,
        remedy: 'Use RE2 syntax: no look-around, no back references.',
      },
    ]
  }
}

const finds = (pattern: string, text: string): boolean => RE2JS.compile(pattern).matcher(text).find()
