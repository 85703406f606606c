/**
 * Compiles what a schema has of patterns and rules before an object is held against it, with turns for everybody else
 * between: a definition may bring thousands of them. What does not compile is told by whoever uses it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { asArray, asObject, asString } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { compileExpression, excessOfRules, expressionGeneration } from './cel-rules.ts'
import { ENOUGH_ERRORS } from './field-error.ts'
import { linearRegex, patternGeneration } from './linear-regex.ts'
import { arePatternsTooLarge } from './pattern-size.ts'
import { schemasIn } from './structural-schema.ts'
import type { StructuralSchema } from './structural-schema.ts'

const TURN_MILLISECONDS = 10
const prepared = new WeakMap<StructuralSchema, string>()
const generation = (): string => `${patternGeneration()} ${expressionGeneration()}`

export async function prepareSchema(schema: StructuralSchema): Promise<void> {
  if (prepared.get(schema) === generation()) return
  // Each of these looks through all of it, once for a schema.
  if (arePatternsTooLarge(schema)) return
  await nextTurn()
  if (excessOfRules(schema) !== undefined) return
  await nextTurn()
  let began = performance.now()
  let faults = 0
  for (const compile of compilations(schema)) {
    try {
      compile()
    } catch {
      // Said where it matters, and nobody looks at more than these.
      faults += 1
      if (faults > ENOUGH_ERRORS) return
    }
    if (performance.now() - began < TURN_MILLISECONDS) continue
    await nextTurn()
    began = performance.now()
  }
  prepared.set(schema, generation())
}

function* compilations(schema: JsonObject): Generator<() => unknown> {
  const { pattern } = schema
  if (typeof pattern === 'string') yield () => linearRegex(pattern)
  for (const rule of asArray(schema['x-kubernetes-validations']).map(asObject))
    for (const field of ['rule', 'messageExpression']) {
      const expression = asString(rule[field]).trim()
      if (expression !== '') yield () => compileExpression(expression)
    }
  for (const child of schemasIn(schema)) yield* compilations(child)
}
