// What a person who reads a text sees of it. Tool servers may write more than that into their definitions, for models
// to read; what is left out here nobody approves unseen.

import type { InputSchema } from './input-schema.ts'

// Terminal escapes, control characters but tab and line feed, zero-width and direction marks, tag characters.
// oxlint-disable-next-line no-control-regex -- control characters are what it finds
const ESCAPES = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|.)?/gu
const HIDDEN =
  // oxlint-disable-next-line no-control-regex -- control characters are what it finds
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF\u{E0000}-\u{E007F}]/gu

export const visible = (text: string): string => text.replaceAll(ESCAPES, '').replaceAll(HIDDEN, '')

/** The same for every text in a schema: titles, descriptions, enum values. */
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
