// Values against JSON Schemas: a call's arguments against what the tool's server published, an output against what its
// step demands. The schema is hostile input too: no reference leaves it, its size and depth are bounded, and its
// patterns run on a linear-time engine.

import { Ajv, type AnySchemaObject, type ErrorObject, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { RE2JS } from 're2js'
import type { ToolTrustLevel } from '../../api/v1alpha1/index.ts'
import type { ToolArguments } from './arguments.ts'

const MAX_SCHEMA_CHARACTERS = 128 * 1024
const MAX_SCHEMA_DEPTH = 32

export type InputSchema = Readonly<Record<string, unknown>>

/** What a compiled schema says; `fault` is set for a schema that cannot be used. */
type Compiled = { readonly validate: ValidateFunction } | { readonly fault: string }

// Compiling costs milliseconds, and every task lists the same definitions anew: found by identity within a task, by
// text from one task to the next. The texts are bounded; the oldest goes first.
const compiled = new WeakMap<InputSchema, Partial<Record<Strictness, Compiled>>>()
const compiledByText = new Map<string, Compiled>()
const MOST_TEXTS = 512

/** `closed`: what the schema does not name is refused, and so is a schema of which a part cannot be checked. */
type Strictness = 'open' | 'closed'

/**
 * What is wrong with the arguments (or with a schema that cannot be used), in words a model can act on. A server that is
 * `internal` is left to check by itself what its schema does not let us check; of one in the `sandbox` every argument
 * must be named by its schema.
 */
export const inputFault = (
  schema: InputSchema,
  args: ToolArguments,
  trust: ToolTrustLevel = 'external',
): string | undefined => {
  const result = valueFault({ schema, value: args, noun: 'arguments', closed: trust === 'sandbox' })
  if (result === undefined) return undefined
  if (result.type === 'schema')
    return trust === 'internal' ? undefined : `the tool's input schema ${result.fault}`
  return result.fault
}

/** Whether a value fits a schema: what is wrong with the value, or with the schema itself. */
export const valueFault = ({
  schema,
  value,
  noun,
  closed = false,
}: {
  readonly schema: InputSchema
  readonly value: unknown
  /** What the value is, for the message: `arguments`. */
  readonly noun: string
  readonly closed?: boolean
}): { readonly type: 'value' | 'schema'; readonly fault: string } | undefined => {
  const strictness: Strictness = closed ? 'closed' : 'open'
  const known = compiled.get(schema)
  const found = known?.[strictness] ?? compileOnce(schema, strictness)
  if (known?.[strictness] === undefined) compiled.set(schema, { ...known, [strictness]: found })
  if ('fault' in found) return { type: 'schema', fault: found.fault }
  if (found.validate(value) === true) return undefined
  const errors = (found.validate.errors ?? []).slice(0, 3).map((error) => describe(error, noun))
  return { type: 'value', fault: errors.join('; ') }
}

const compileOnce = (schema: InputSchema, strictness: Strictness): Compiled => {
  const fault = unusable(schema)
  if (fault !== undefined) return { fault }
  const text = `${strictness} ${JSON.stringify(schema)}`
  const known = compiledByText.get(text) ?? compile(schema, strictness)
  compiledByText.set(text, known)
  const [oldest] = compiledByText.keys()
  if (compiledByText.size > MOST_TEXTS && oldest !== undefined) compiledByText.delete(oldest)
  return known
}

const compile = (schema: InputSchema, strictness: Strictness): Compiled => {
  const dialect = typeof schema['$schema'] === 'string' ? schema['$schema'] : ''
  const closed = strictness === 'closed'
  const options = optionsWith(closed ? strictRegExp : linearRegExp)
  // One instance per schema: a hostile `$id` cannot stand in for another server's schema. Only the newer dialect knows
  // which members the parts of a schema have named.
  const ajv = /draft-0[467]/.test(dialect) && !closed ? new Ajv(options) : new Ajv2020(options)
  const { $schema: _, ...rest } = schema
  try {
    return {
      validate: ajv.compile((closed ? { ...rest, unevaluatedProperties: false } : rest) as AnySchemaObject),
    }
  } catch (error) {
    return { fault: `cannot be used: ${error instanceof Error ? error.message : 'invalid'}` }
  }
}

type Expression = { readonly test: (text: string) => boolean }

const linear = (pattern: string): Expression => {
  const expression = RE2JS.compile(pattern)
  return { test: (text) => expression.matcher(text).find() }
}

/** A pattern outside RE2's language (look-around, back-references) is left to the server, which checks it itself. */
const linearRegExp = Object.assign(
  (pattern: string): Expression => {
    try {
      return linear(pattern)
    } catch {
      return { test: () => true }
    }
  },
  { code: 'linearRegExp' },
)
const strictRegExp = Object.assign((pattern: string): Expression => linear(pattern), { code: 'strictRegExp' })

const optionsWith = (regExp: typeof linearRegExp) => ({
  strict: false,
  validateFormats: false,
  allErrors: false,
  ownProperties: true,
  addUsedSchema: false,
  validateSchema: false,
  logger: false as const,
  code: { regExp },
})

const unusable = (schema: InputSchema): string | undefined => {
  let budget = MAX_SCHEMA_CHARACTERS
  const walk = (value: unknown, depth: number): string | undefined => {
    if (depth > MAX_SCHEMA_DEPTH) return `nests deeper than ${MAX_SCHEMA_DEPTH} levels`
    if (typeof value === 'string') budget -= value.length
    budget -= 8
    if (budget < 0) return `is larger than ${MAX_SCHEMA_CHARACTERS} characters`
    if (typeof value !== 'object' || value === null) return undefined
    for (const [key, member] of Object.entries(value)) {
      budget -= key.length
      const refers = key === '$ref' || key === '$dynamicRef' || key === '$recursiveRef'
      if (refers && typeof member === 'string' && !member.startsWith('#')) {
        return `refers to "${member}", outside itself`
      }
      const fault = walk(member, depth + 1)
      if (fault !== undefined) return fault
    }
    return undefined
  }
  return walk(schema, 0)
}

const describe = ({ instancePath, message, params }: ErrorObject, noun: string): string => {
  const where = instancePath === '' ? noun : `${noun}${instancePath.replaceAll('/', '.')}`
  const { additionalProperty, unevaluatedProperty } = params as {
    readonly additionalProperty?: unknown
    readonly unevaluatedProperty?: unknown
  }
  const extra = additionalProperty ?? unevaluatedProperty
  const allowed = (params as { readonly allowedValues?: unknown }).allowedValues
  const detail =
    typeof extra === 'string' ? ` ("${extra}")` : Array.isArray(allowed) ? ` (${allowed.join(', ')})` : ''
  return `${where} ${message ?? 'is invalid'}${detail}`
}
