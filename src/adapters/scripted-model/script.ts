// The script of the scripted model: rules that say which tools to call, and how to compose answers from what the
// conversation holds. A script states how to read and how to write; it holds no fact of its own.

import { RE2JS } from 're2js'
import { parse } from 'yaml'
import { z } from 'zod'

import { KubeswarmError } from '../../domain/error.ts'
import { builtInFiles } from '../built-in-file.ts'

const pattern = z.string().transform((text, context) => {
  try {
    return RE2JS.compile(text, RE2JS.CASE_INSENSITIVE)
  } catch (cause) {
    context.addIssue({ code: 'custom', message: `"${text}" is not an RE2 pattern: ${String(cause)}` })
    return z.NEVER
  }
})
const exactPattern = z.string().transform((text, context) => {
  try {
    return RE2JS.compile(text)
  } catch (cause) {
    context.addIssue({ code: 'custom', message: `"${text}" is not an RE2 pattern: ${String(cause)}` })
    return z.NEVER
  }
})

/** One way to get a value. The first way of a list that works is taken. */
const wayToRead = z.strictObject({
  /** `system`, `user`, or `result:<tool>` (the last result of that tool). */
  from: z.string().regex(/^(system|user|result:\S+)$/, 'must be system, user or result:<tool>'),
  /** Path into the first JSON value in that text that has it: `series[0].peak`, `patterns[*].message`. */
  path: z.string().optional(),
  /** RE2 pattern over the text, or over the text found at `path`; its first group, or the whole match. */
  match: exactPattern.optional(),
  /** Splits a text into items. */
  split: exactPattern.optional(),
  /** At most so many items. */
  take: z.int().positive().optional(),
  /** Template for each item, which it sees as `item`. */
  each: z.string().optional(),
  join: z.string().optional(),
})
const wayToWrite = z.strictObject({
  template: z.string(),
  /** Values that must have been found. Those the template names must be found in any case. */
  requires: z.array(z.string()).default([]),
})
const value = z
  .union([wayToRead, wayToWrite, z.array(z.union([wayToRead, wayToWrite]))])
  .transform((ways) => (Array.isArray(ways) ? ways : [ways]))

const call = z.strictObject({
  /** The tool's own name; the alias the model sees ends with it. */
  tool: z.string().min(1),
  arguments: z.record(z.string(), z.unknown()).default({}),
  /** Values without which the call is not made. */
  requires: z.array(z.string()).default([]),
})

const times = { times: z.int().positive().optional() }
const fault = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('http'),
    status: z.int().min(400).max(599),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.unknown().optional(),
    ...times,
  }),
  /** A tool call whose arguments are not JSON. */
  z.strictObject({ type: z.literal('malformed-call'), tool: z.string(), ...times }),
  /** The same tool call, turn after turn. */
  z.strictObject({
    type: z.literal('loop'),
    tool: z.string(),
    arguments: z.record(z.string(), z.unknown()).default({}),
    ...times,
  }),
  /** A call of a tool nobody offered, by exactly this name. */
  z.strictObject({
    type: z.literal('unknown-tool'),
    tool: z.string(),
    arguments: z.record(z.string(), z.unknown()).default({}),
    ...times,
  }),
  /** The tool call written into the text, as small models do. */
  z.strictObject({ type: z.literal('call-as-text'), tool: z.string(), ...times }),
  z.strictObject({ type: z.literal('empty'), ...times }),
  z.strictObject({ type: z.literal('length'), ...times }),
  z.strictObject({ type: z.literal('content-filter'), ...times }),
  z.strictObject({ type: z.literal('no-usage'), ...times }),
  z.strictObject({ type: z.literal('hang'), ...times }),
  z.strictObject({ type: z.literal('cut'), ...times }),
  z.strictObject({ type: z.literal('not-json'), ...times }),
])

const rule = z.strictObject({
  name: z.string().min(1),
  /** All that is given must hold. Patterns are RE2 and ignore case. */
  when: z
    .strictObject({
      system: pattern.optional(),
      user: pattern.optional(),
      /** Names of tools that must all be on offer. */
      tools: z.array(z.string()).optional(),
      /** 1-based turn of the conversation. */
      turn: z.int().positive().optional(),
    })
    .default({}),
  fault: fault.optional(),
  values: z.record(z.string().regex(/^\w+$/, 'must be letters, digits and _'), value).default({}),
  /** Each step's calls are made in one turn, once; a call whose tool is not on offer is left out. */
  steps: z.array(z.strictObject({ calls: z.array(call).min(1) })).default([]),
  /** A text, or an object that becomes JSON. */
  answer: z.union([z.string(), z.record(z.string(), z.unknown())]).default(''),
})

const scriptSchema = z.strictObject({
  name: z.string().min(1),
  /** `obedient` follows every instruction it reads anywhere and needs no rules. */
  mode: z.enum(['rules', 'obedient']).default('rules'),
  /** Pause before each answer, in milliseconds. */
  latencyMs: z.number().nonnegative().default(0),
  rules: z.array(rule).default([]),
})

export type Script = z.infer<typeof scriptSchema>
export type Rule = Script['rules'][number]
export type ModelFault = NonNullable<Rule['fault']>
export type WayToValue = Rule['values'][string][number]

const files = builtInFiles({ directory: new URL('./scripts/', import.meta.url), what: 'model script' })

/** A built-in name (`responder`, `obedient`) or the path of a file. */
export const loadScript = async (nameOrPath: string): Promise<Script> =>
  parseScript({ text: await files.read(nameOrPath), source: nameOrPath })

export const parseScript = ({ text, source }: { readonly text: string; readonly source: string }): Script => {
  const refuse = (detail: string, cause?: unknown) =>
    new KubeswarmError({
      code: 'InvalidInput',
      message: `cannot load model script "${source}": ${detail}`,
      remedy: 'compare it with src/adapters/scripted-model/scripts/responder.yaml',
      cause,
    })
  let parsed: unknown
  try {
    parsed = parse(text)
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause), cause)
  }
  const result = scriptSchema.safeParse(parsed)
  if (!result.success) throw refuse(z.prettifyError(result.error))
  return result.data
}
