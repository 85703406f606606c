// A tool's input schema, as its server published it, against a call's arguments. The schema is hostile input too: no
// reference leaves it, its size and depth are bounded, and its patterns run on a linear-time engine.

import { Ajv, type AnySchemaObject, type ErrorObject, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { RE2JS } from 're2js'
import type { ToolArguments } from './arguments.ts'

const MAX_SCHEMA_CHARACTERS = 128 * 1024
const MAX_SCHEMA_DEPTH = 32

export type InputSchema = Readonly<Record<string, unknown>>

type Compiled = { readonly validate: ValidateFunction } | { readonly fault: string }

// Compiling costs milliseconds, and every task lists the same definitions anew: found by identity within a task, by
// text from one task to the next. The texts are bounded; the oldest goes first.
const compiled = new WeakMap<InputSchema, Compiled>()
const compiledByText = new Map<string, Compiled>()
const MOST_TEXTS = 512

/** What is wrong with the arguments (or with a schema that cannot be used), in words a model can act on. */
export const inputFault = (schema: InputSchema, args: ToolArguments): string | undefined => {
  const known = compiled.get(schema) ?? compileOnce(schema)
  compiled.set(schema, known)
  if ('fault' in known) return known.fault
  return known.validate(args) === true
    ? undefined
    : (known.validate.errors ?? []).slice(0, 3).map(describe).join('; ')
}

const compileOnce = (schema: InputSchema): Compiled => {
  const fault = unusable(schema)
  if (fault !== undefined) return { fault }
  const text = JSON.stringify(schema)
  const known = compiledByText.get(text) ?? compile(schema)
  compiledByText.set(text, known)
  const [oldest] = compiledByText.keys()
  if (compiledByText.size > MOST_TEXTS && oldest !== undefined) compiledByText.delete(oldest)
  return known
}

const compile = (schema: InputSchema): Compiled => {
  const dialect = typeof schema['$schema'] === 'string' ? schema['$schema'] : ''
  // One instance per schema: a hostile `$id` cannot stand in for another server's schema.
  const ajv = /draft-0[467]/.test(dialect) ? new Ajv(options) : new Ajv2020(options)
  const { $schema: _, ...rest } = schema
  try {
    return { validate: ajv.compile(rest as AnySchemaObject) }
  } catch (error) {
    return {
      fault: `the tool's input schema cannot be used: ${error instanceof Error ? error.message : 'invalid'}`,
    }
  }
}

/** A pattern outside RE2's language (look-around, back-references) is left to the server, which checks it itself. */
const linearRegExp = Object.assign(
  (pattern: string): { readonly test: (text: string) => boolean } => {
    try {
      const expression = RE2JS.compile(pattern)
      return { test: (text) => expression.matcher(text).find() }
    } catch {
      return { test: () => true }
    }
  },
  { code: 'linearRegExp' },
)

const options = {
  strict: false,
  validateFormats: false,
  allErrors: false,
  ownProperties: true,
  addUsedSchema: false,
  validateSchema: false,
  logger: false as const,
  code: { regExp: linearRegExp },
}

const unusable = (schema: InputSchema): string | undefined => {
  let budget = MAX_SCHEMA_CHARACTERS
  const walk = (value: unknown, depth: number): string | undefined => {
    if (depth > MAX_SCHEMA_DEPTH)
      return `the tool's input schema nests deeper than ${MAX_SCHEMA_DEPTH} levels`
    if (typeof value === 'string') budget -= value.length
    budget -= 8
    if (budget < 0) return `the tool's input schema is larger than ${MAX_SCHEMA_CHARACTERS} characters`
    if (typeof value !== 'object' || value === null) return undefined
    for (const [key, member] of Object.entries(value)) {
      budget -= key.length
      const refers = key === '$ref' || key === '$dynamicRef' || key === '$recursiveRef'
      if (refers && typeof member === 'string' && !member.startsWith('#')) {
        return `the tool's input schema refers to "${member}", outside itself`
      }
      const fault = walk(member, depth + 1)
      if (fault !== undefined) return fault
    }
    return undefined
  }
  return walk(schema, 0)
}

const describe = ({ instancePath, message, params }: ErrorObject): string => {
  const where = instancePath === '' ? 'arguments' : `arguments${instancePath.replaceAll('/', '.')}`
  const extra = (params as { readonly additionalProperty?: unknown }).additionalProperty
  const allowed = (params as { readonly allowedValues?: unknown }).allowedValues
  const detail =
    typeof extra === 'string' ? ` ("${extra}")` : Array.isArray(allowed) ? ` (${allowed.join(', ')})` : ''
  return `${where} ${message ?? 'is invalid'}${detail}`
}
