// Texts and objects with `{{name}}` in them, filled from values. What was not found leaves no trace: its line of a
// text, or its key of an object, is left out.

import { readPath } from './embedded-json.ts'

export type Values = ReadonlyMap<string, unknown>

const slot = /\{\{\s*([\w.[\]*]+)\s*(?:\|\s*(\w+)\s*)?\}\}/g

/** The whole text, or undefined when a value it names was not found. */
export const fill = ({
  template,
  values,
}: {
  readonly template: string
  readonly values: Values
}): string | undefined => {
  let complete = true
  const text = template.replace(slot, (_, name: string, filter: string | undefined) => {
    const value = lookUp({ name, values })
    if (value === undefined) complete = false
    return asText(filter === undefined ? value : applyFilter({ filter, value }))
  })
  return complete ? text : undefined
}

/** The text without the lines that name a value that was not found. */
export const fillLines = ({
  template,
  values,
}: {
  readonly template: string
  readonly values: Values
}): string =>
  template
    .split('\n')
    .flatMap((line) => fill({ template: line, values }) ?? [])
    .join('\n')

/** Fills every text inside; a text that is one slot and nothing else keeps the value's own type. */
export const fillDeep = ({
  value,
  values,
}: {
  readonly value: unknown
  readonly values: Values
}): unknown => {
  if (typeof value === 'string') {
    const whole = /^\{\{\s*([\w.[\]*]+)\s*\}\}$/.exec(value)?.[1]
    return whole === undefined ? fill({ template: value, values }) : lookUp({ name: whole, values })
  }
  if (Array.isArray(value)) {
    return value
      .map((item: unknown) => fillDeep({ value: item, values }))
      .filter((item) => item !== undefined)
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, fillDeep({ value: item, values })] as const)
      .filter(([, item]) => item !== undefined),
  )
}

const lookUp = ({ name, values }: { name: string; values: Values }): unknown => {
  const [head = '', ...rest] = name.split(/(?=[.[])/)
  const value = values.get(head)
  return rest.length === 0 ? value : readPath({ value, path: rest.join('').replace(/^\./, '') })
}

const asText = (value: unknown): string => {
  if (typeof value === 'string') return value
  return value === undefined ? '' : JSON.stringify(value)
}

const applyFilter = ({ filter, value }: { filter: string; value: unknown }): unknown => {
  const text = asText(value)
  switch (filter) {
    case 'lower':
      return text.toLowerCase()
    case 'upper':
      return text.toUpperCase()
    case 'capitalize':
      return text.slice(0, 1).toUpperCase() + text.slice(1)
    case 'clock':
      // 02:47 of an RFC 3339 time
      return /T(\d\d:\d\d)/.exec(text)?.[1] ?? text
    case 'words':
      return text.replaceAll('_', ' ')
    case 'head':
      return text.length > 240 ? `${text.slice(0, 240)} …` : text
    default:
      throw new Error(`unknown filter "${filter}"; there are lower, upper, capitalize, clock, words, head`)
  }
}
