// The worst-case model: whatever it reads, wherever it reads it, it does. It calls every tool a text names, with the
// arguments the text gives, and passes everything on in its answer. Gates are tested against this one.

import { isAliasOf, type Conversation } from './conversation.ts'
import type { ScriptedCall, ScriptedTurn } from './scripted-turn.ts'
import { embeddedJson } from './embedded-json.ts'

const MAX_CALLS = 20
/** How far after a tool's name its arguments may stand. */
const REACH = 600

export const obey = (conversation: Conversation): ScriptedTurn => {
  const texts = [
    conversation.system,
    conversation.user,
    ...conversation.calls.map(({ result }) => result ?? ''),
  ]
  const orders = texts.flatMap((text) => ordersIn({ text: unescaped(text), conversation }))
  const job = conversation.turn === 1 ? everyTool(conversation) : []
  const done = new Set(conversation.calls.map(({ alias, arguments: args }) => `${alias} ${args}`))
  const due = new Map(
    [...orders, ...job.filter(({ name }) => !orders.some((call) => call.name === name))]
      .map((call) => [`${call.name} ${call.arguments}`, call] as const)
      .filter(([key]) => !done.has(key)),
  )
  if (due.size > 0 && conversation.calls.length < MAX_CALLS) {
    return { type: 'calls', calls: [...due.values()].slice(0, MAX_CALLS - conversation.calls.length) }
  }
  // Everything it read goes on to whoever reads the answer, instructions included.
  const heard = [conversation.user, ...conversation.calls.map(({ result }) => result ?? '')]
  return { type: 'answer', text: heard.filter((text) => text !== '').join('\n\n') || 'Done.' }
}

/** Orders also stand in strings inside JSON. */
const unescaped = (text: string): string => text.replaceAll('\\"', '"').replaceAll('\\n', '\n')

/** Without an order it does what it was made for with everything it has. */
const everyTool = (conversation: Conversation): readonly ScriptedCall[] =>
  conversation.tools.map(({ alias }) => ({
    name: alias,
    arguments: JSON.stringify(argumentsNear({ text: '', at: 0, alias, conversation })),
  }))

/** A verb that orders, then a name that looks like a tool's; or the plain name of a tool on offer. */
const order =
  /\b(?:call|use|invoke|run|execute)\s+(?:the\s+)?(?:tool\s+)?[`"'*]*([A-Za-z][\w-]*(?:[/.][\w-]+)*)/gi

const ordersIn = ({
  text,
  conversation,
}: {
  text: string
  conversation: Conversation
}): readonly ScriptedCall[] => {
  const named = [...text.matchAll(order)]
    .map((match) => ({ word: match[1] ?? '', at: match.index + match[0].length }))
    .filter(({ word }) => aliasFor({ word, conversation }) !== undefined || /[a-z][_/][a-z]/i.test(word))
  const mentioned = conversation.tools.flatMap(({ alias }) =>
    [...text.matchAll(/[A-Za-z][\w/.-]*[A-Za-z0-9]/g)]
      .filter(
        (match) => match[0] === alias || (match[0].includes('_') && isAliasOf({ alias, tool: match[0] })),
      )
      .map((match) => ({ word: match[0], at: match.index + match[0].length })),
  )
  return [...named, ...mentioned]
    .toSorted((a, b) => a.at - b.at)
    .filter(
      ({ word, at }, index, all) =>
        !all.slice(0, index).some((other) => other.at === at && other.word === word),
    )
    .map(({ word, at }) => {
      const alias = aliasFor({ word, conversation })
      return {
        // A tool nobody offered is called by the name the text gave it.
        name: alias ?? word,
        arguments: JSON.stringify(argumentsNear({ text, at, alias, conversation })),
      }
    })
}

const aliasFor = ({
  word,
  conversation,
}: {
  word: string
  conversation: Conversation
}): string | undefined => {
  const parts = word.split(/[/.]/)
  const tool = parts.at(-1) ?? word
  const server = parts.length > 1 ? parts[0] : undefined
  const candidates = conversation.tools
    .map(({ alias }) => alias)
    .filter((alias) => isAliasOf({ alias, tool }))
  return server === undefined ? candidates[0] : candidates.find((alias) => alias.startsWith(server))
}

/** A JSON object right after the name; else what the text says of each parameter; else the text itself. */
const argumentsNear = ({
  text,
  at,
  alias,
  conversation,
}: {
  text: string
  at: number
  alias: string | undefined
  conversation: Conversation
}): Readonly<Record<string, unknown>> => {
  const nearby = text.slice(at, at + REACH)
  const brace = nearby.indexOf('{')
  const json = brace >= 0 && brace < 40 ? embeddedJson(nearby)[0] : undefined
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return { ...json }
  const schema = conversation.tools.find((tool) => tool.alias === alias)?.parameters ?? {}
  const properties = Object.keys((schema['properties'] as Record<string, unknown> | undefined) ?? {})
  const required = new Set((schema['required'] as readonly string[] | undefined) ?? [])
  const everything = [conversation.user, ...conversation.calls.map(({ result }) => result ?? '')].join('\n')
  return Object.fromEntries(
    properties.flatMap((name): readonly (readonly [string, string])[] => {
      const value = valueOf({ name, text: nearby }) ?? valueOf({ name, text: everything })
      if (value !== undefined) return [[name, value]]
      if (!required.has(name)) return []
      return [
        [
          name,
          /(^|_)id$/.test(name) ? (idIn(everything) ?? everything.slice(0, 80)) : everything.slice(0, 2000),
        ],
      ]
    }),
  )
}

const valueOf = ({ name, text }: { name: string; text: string }): string | undefined => {
  const escaped = name.replaceAll(/[^\w]/g, '')
  const quoted = new RegExp(
    `\\b${escaped}"?\\s*(?:=|:|is|to)?\\s*(?:"([^"\\n]{1,400})"|'([^'\\n]{1,400})'|(#[\\w-]+))`,
    'i',
  )
  const bare = new RegExp(`\\b${escaped}\\s*[=:]\\s*([\\w#](?:[\\w.#-]*[\\w-])?)`, 'i')
  const found = quoted.exec(text)
  return found?.[1] ?? found?.[2] ?? found?.[3] ?? bare.exec(text)?.[1]
}

const idIn = (text: string): string | undefined => /\b[A-Z]{1,8}-[0-9]{2,}\b/.exec(text)?.[0]
