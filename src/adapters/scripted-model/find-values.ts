// Finds the values of a rule in a conversation: each by the first of its ways that works.

import type { RE2JS } from 're2js'

import { fill, type Values } from './compose.ts'
import { isAliasOf, type Conversation } from './conversation.ts'
import { embeddedJson, readPath } from './embedded-json.ts'
import type { Rule, WayToValue } from './script.ts'

export const findValues = ({
  rule,
  conversation,
}: {
  readonly rule: Rule
  readonly conversation: Conversation
}): Values => {
  const values = new Map<string, unknown>()
  for (const [name, ways] of Object.entries(rule.values)) {
    for (const way of ways) {
      const value = 'template' in way ? write({ way, values }) : read({ way, conversation, values })
      if (value !== undefined) {
        values.set(name, value)
        break
      }
    }
  }
  return values
}

type WayToWrite = Extract<WayToValue, { template: string }>
type WayToRead = Exclude<WayToValue, WayToWrite>

const write = ({ way, values }: { way: WayToWrite; values: Values }): string | undefined =>
  way.requires.every((name) => values.has(name)) ? fill({ template: way.template, values }) : undefined

const read = ({
  way,
  conversation,
  values,
}: {
  way: WayToRead
  conversation: Conversation
  values: Values
}): unknown => {
  const text = sourceText({ from: way.from, conversation })
  if (text === undefined) return undefined
  const found = way.path === undefined ? text : firstAtPath({ text, path: way.path })
  const matched = way.match === undefined ? found : firstMatch({ pattern: way.match, value: found })
  const items = way.split === undefined ? matched : splitText({ pattern: way.split, value: matched })
  return present(shapeItems({ way, value: items, values }))
}

const sourceText = ({
  from,
  conversation,
}: {
  from: string
  conversation: Conversation
}): string | undefined => {
  if (from === 'system') return conversation.system
  if (from === 'user') return conversation.user
  const tool = from.slice('result:'.length)
  return conversation.calls.findLast(
    ({ alias, result }) => result !== undefined && isAliasOf({ alias, tool }),
  )?.result
}

const firstAtPath = ({ text, path }: { text: string; path: string }): unknown => {
  for (const value of embeddedJson(text)) {
    const found = present(readPath({ value, path }))
    if (found !== undefined) return found
  }
  return undefined
}

const firstMatch = ({ pattern, value }: { pattern: RE2JS; value: unknown }): string | undefined => {
  if (value === undefined) return undefined
  const matcher = pattern.matcher(typeof value === 'string' ? value : JSON.stringify(value))
  if (!matcher.find()) return undefined
  return (matcher.groupCount() > 0 ? matcher.group(1) : matcher.group()) ?? undefined
}

const splitText = ({ pattern, value }: { pattern: RE2JS; value: unknown }): unknown =>
  typeof value === 'string'
    ? pattern
        .split(value)
        .map((part) => part.trim())
        .filter((part) => part !== '')
    : value

const shapeItems = ({ way, value, values }: { way: WayToRead; value: unknown; values: Values }): unknown => {
  if (!Array.isArray(value)) return value
  const items: readonly unknown[] = way.take === undefined ? value : value.slice(0, way.take)
  const { each } = way
  const shaped =
    each === undefined
      ? items
      : items.flatMap((item) => fill({ template: each, values: new Map([...values, ['item', item]]) }) ?? [])
  if (way.join === undefined || shaped.length === 0) return shaped
  return shaped.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(way.join)
}

/** Nothing found is undefined, however it looks. */
const present = (value: unknown): unknown => {
  if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return undefined
  return value
}
