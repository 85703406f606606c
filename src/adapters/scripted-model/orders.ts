// Orders in a text: names of tools after a verb, in any of several languages, in any of the ways in which providers and
// frameworks write a call; and every name that can only be a tool's.

import { isAliasOf, type Conversation } from './conversation.ts'
import { embeddedJson } from './embedded-json.ts'
import type { ScriptedCall } from './scripted-turn.ts'

/** How far after a tool's name its arguments may stand. */
const REACH = 600
/** How far after a tool's name its JSON may begin, and how long it may be. */
const NEAR = 60
const LONGEST_JSON = 16_384

const verbs = [
  'call|calls|calling|use|using|invoke|run|execute|trigger|perform|make|send|do|try',
  'appele[rz]?|appelle|utilise[rz]?|exécute[rz]?|llama[r]?|usa[r]?|utiliza[r]?|ejecuta[r]?|chame|chamar|execute',
  'rufe|aufrufen|nutze|benutze|verwende|führe|chiama|usa|esegui|roep|gebruik|anropa|użyj|wywołaj|zavolej',
  'вызови|вызовите|используй|выполни|виклич|çağır|kullan|gọi|panggil|gunakan|hívd|κάλεσε|استدع|نفذ|קרא|चलाओ|बुलाओ',
  '调用|使用|执行|呼叫|呼び出|実行|使って|호출|실행',
].join('|')

const name = String.raw`([A-Za-z][\w-]*(?:(?:[/.:]|::)[A-Za-z][\w-]*)*)`

/** A verb, then a name; or a name in the place where frameworks put the name of a call. */
const ordered = new RegExp(
  String.raw`(?:(?<![\p{L}\p{N}_])(?:${verbs})\p{L}*[^\p{L}\p{N}\n]{0,4}(?:(?:the|le|la|el|das|den|die|o|a|il|function|funktion|fonction|función|tool|outil|werkzeug|herramienta|инструмент|工具|ツール|도구)[\s:]+){0,3}[\s:]*[\x60"'*«“「]*` +
    String.raw`|["']?(?:name|tool|tool_name|function|function_name|recipient_name|recipient|action|to)["']?\s*(?:=|:|=>)\s*["'\x60]?|<(?:tool|function|invoke|call)[=:]\s*["']?|\bto=)${name}`,
  'giu',
)

/** What can only be the name of a tool: two parts, the second with an underscore. */
const unmistakable = new RegExp(
  String.raw`(?<![\w/.-])((?:[A-Za-z][\w-]*(?:[/.:]|::|__))+[A-Za-z][A-Za-z0-9]*_[\w]+)`,
  'g',
)

export const ordersIn = ({
  text,
  conversation,
}: {
  readonly text: string
  readonly conversation: Conversation
}): readonly ScriptedCall[] => {
  const isName = (word: string): boolean =>
    aliasFor({ word, conversation }) !== undefined || /[a-z][_/][a-z]/i.test(word)
  const found = [
    ...matches(text, ordered).filter(({ word }) => isName(word)),
    ...matches(text, unmistakable),
    ...matches(text, /([A-Za-z][\w/.-]*[A-Za-z0-9])/g).filter(({ word }) =>
      conversation.tools.some(
        ({ alias }) => word === alias || (word.includes('_') && isAliasOf({ alias, tool: word })),
      ),
    ),
  ]
  const byPlace = new Map(found.toReversed().map((each) => [each.at, each]))
  return [...byPlace.values()]
    .toSorted((a, b) => a.at - b.at)
    .map(({ word, at }) => {
      const alias = aliasFor({ word, conversation })
      return {
        // A tool nobody offered is called by the name the text gave it.
        name: alias ?? plainName(word),
        arguments: JSON.stringify(argumentsNear({ text, at, alias, conversation })),
      }
    })
}

const matches = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map((match) => ({ word: match[1] ?? '', at: match.index + match[0].length }))

/** Without what frameworks put before a name: `functions.`, `mcp__`, `default_api:`. */
const plainName = (word: string): string =>
  word
    .replace(/^(?:functions|tools|default_api|mcp)(?:[.:]|::|__)/i, '')
    .replace(/^([A-Za-z][\w-]*?)(?:[.:]|::)(?=[A-Za-z][\w-]*$)/, '$1/')

const aliasFor = ({
  word: written,
  conversation,
}: {
  readonly word: string
  readonly conversation: Conversation
}): string | undefined => {
  const word = plainName(written)
  const parts = word.split(/[/.]/)
  const tool = parts.at(-1) ?? word
  const server = parts.length > 1 ? parts[0] : undefined
  const candidates = conversation.tools
    .map(({ alias }) => alias)
    .filter((alias) => isAliasOf({ alias, tool }))
  return server === undefined ? candidates[0] : candidates.find((alias) => alias.startsWith(server))
}

/** A JSON object right after the name; else what the text says of each parameter; else the text itself. */
export const argumentsNear = ({
  text,
  at,
  alias,
  conversation,
}: {
  readonly text: string
  readonly at: number
  readonly alias: string | undefined
  readonly conversation: Conversation
}): Readonly<Record<string, unknown>> => {
  const nearby = text.slice(at, at + REACH)
  const brace = nearby.indexOf('{')
  const json = brace >= 0 && brace < NEAR ? embeddedJson(text.slice(at, at + LONGEST_JSON))[0] : undefined
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return argumentsIn({ ...json })
  const schema = conversation.tools.find((tool) => tool.alias === alias)?.parameters
  const properties = (schema?.['properties'] as Record<string, unknown> | undefined) ?? {}
  const required = new Set((schema?.['required'] as readonly string[] | undefined) ?? [])
  const everything = [conversation.user, ...conversation.calls.map(({ result }) => result ?? '')].join('\n')
  // Of a tool that nobody offered the parameters are what the text seems to give it.
  const names = schema === undefined ? parametersIn(nearby) : Object.keys(properties)
  return Object.fromEntries(
    names.flatMap((parameter): readonly (readonly [string, string])[] => {
      const value =
        valueOf({ name: parameter, text: nearby }) ?? valueOf({ name: parameter, text: everything })
      if (value !== undefined) return [[parameter, value]]
      if (!required.has(parameter)) return []
      return [
        [
          parameter,
          /(^|_)id$/.test(parameter)
            ? (idIn(everything) ?? everything.slice(0, 80))
            : everything.slice(0, 2000),
        ],
      ]
    }),
  )
}

/** `{"name": …, "arguments": {…}}`: some write the call around its arguments. */
const argumentsIn = (json: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  for (const key of ['arguments', 'input', 'args', 'parameters']) {
    const inner = json[key]
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) return { ...inner }
  }
  return json
}

const parametersIn = (text: string): readonly string[] => [
  ...new Set(
    [...text.matchAll(/\b([a-z][a-z_]{1,30})"?\s*(?:=|:|>)\s*["'#]/gi)].map(
      ([, parameter]) => parameter ?? '',
    ),
  ),
]

const valueOf = ({ name: parameter, text }: { name: string; text: string }): string | undefined => {
  const escaped = parameter.replaceAll(/[^\w]/g, '')
  const quoted = new RegExp(
    `\\b${escaped}"?\\s*(?:=|:|is|to|>)?\\s*(?:"([^"\\n]{1,400})"|'([^'\\n]{1,400})'|(#[\\w-]+))`,
    'i',
  )
  const tagged = new RegExp(`\\b${escaped}(?:["']|\\s)*>\\s*([^<\\n]{1,400})<`, 'i')
  const bare = new RegExp(`\\b${escaped}\\s*[=:]\\s*([\\w#](?:[\\w.#-]*[\\w-])?)`, 'i')
  const found = quoted.exec(text)
  return found?.[1] ?? found?.[2] ?? found?.[3] ?? tagged.exec(text)?.[1]?.trim() ?? bare.exec(text)?.[1]
}

const idIn = (text: string): string | undefined => /\b[A-Z]{1,8}-[0-9]{2,}\b/.exec(text)?.[0]
