// What a person who reads the definition of a tool sees of it. Servers may write more than that, for models to read;
// what is left out here nobody approves unseen.

import { visible } from '../hidden-characters.ts'
import type { InputSchema } from './input-schema.ts'

/** What a person sees of every text in a schema: titles, descriptions, enum values. */
export const visibleStrings = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return visible(value)
  if (typeof value !== 'object' || value === null || depth > 32) return value
  if (Array.isArray(value)) return value.map((item) => visibleStrings(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, visibleStrings(item, depth + 1)]),
  )
}

/** Whether a person who reads the definition would not see all that a model reads. */
export const hidesSomething = ({
  description,
  inputSchema,
}: {
  readonly description: string
  readonly inputSchema: InputSchema
}): boolean =>
  visible(description) !== description ||
  JSON.stringify(visibleStrings(inputSchema)) !== JSON.stringify(inputSchema)
