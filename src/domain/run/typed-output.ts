// Whether a schema leaves room for words: an output of enums, numbers, flags and short identifiers can tell the next
// step a fact and cannot give it an order. Whatever is not understood counts as words.

import type { InputSchema } from '../guardrail/input-schema.ts'

/** Characters of free text in all, and in one piece, that pass for an identifier. */
const MOST_FREE_TEXT = 128
const LONGEST_TEXT = 64
const DEEPEST = 8

export const isTyped = (schema: InputSchema): boolean => freeText(schema, 0) <= MOST_FREE_TEXT

/** How many characters of its own choice the author of a value has; Infinity where nothing bounds them. */
const freeText = (schema: unknown, depth: number): number => {
  if (!isRecord(schema) || depth > DEEPEST) return Infinity
  if ('const' in schema) return 0
  if (Array.isArray(schema['enum'])) return 0
  switch (schema['type']) {
    case 'boolean':
    case 'null':
    case 'integer':
    case 'number':
      return 0
    case 'string': {
      const { maxLength } = schema
      return typeof maxLength === 'number' && maxLength <= LONGEST_TEXT ? maxLength : Infinity
    }
    case 'array': {
      const { maxItems, items } = schema
      if (schema['prefixItems'] !== undefined) return Infinity
      if (typeof maxItems !== 'number') return Infinity
      return maxItems === 0 ? 0 : maxItems * freeText(items, depth + 1)
    }
    case 'object': {
      const { properties = {}, additionalProperties, patternProperties } = schema
      // A name that is not foreseen is text too.
      if (additionalProperties !== false || patternProperties !== undefined || !isRecord(properties))
        return Infinity
      return Object.values(properties).reduce<number>((sum, each) => sum + freeText(each, depth + 1), 0)
    }
    default:
      return Infinity
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
