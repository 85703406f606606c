// A model's tool arguments, from text to a plain object: hostile input. Everything a later reader could understand in
// two ways (duplicate keys, `__proto__`, infinite numbers) is refused here, so that what the gate judged is exactly
// what the tool gets.

export type ToolArguments = Readonly<Record<string, unknown>>

export type ParsedArguments =
  | { readonly type: 'parsed'; readonly value: ToolArguments }
  | { readonly type: 'malformed'; readonly message: string }

export const MAX_ARGUMENT_BYTES = 256 * 1024
export const MAX_ARGUMENT_DEPTH = 64

/** Parses the text of a tool call's arguments. Empty text means no arguments: several providers send that. */
export const parseArguments = (text: string): ParsedArguments => {
  if (text.length > MAX_ARGUMENT_BYTES || Buffer.byteLength(text) > MAX_ARGUMENT_BYTES) {
    return malformed(`the arguments are larger than ${MAX_ARGUMENT_BYTES} bytes`)
  }
  if (text.trim() === '') return { type: 'parsed', value: {} }
  const depth = nesting(text)
  if (depth > MAX_ARGUMENT_DEPTH)
    return malformed(`the arguments nest deeper than ${MAX_ARGUMENT_DEPTH} levels`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return malformed('the arguments are not valid JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return malformed('the arguments must be one JSON object')
  }
  const fault = ambiguousKey(text) ?? infiniteNumber(value)
  if (fault !== undefined) return malformed(fault)
  return { type: 'parsed', value: value as ToolArguments }
}

const malformed = (message: string): ParsedArguments => ({ type: 'malformed', message })

/** Deepest nesting of brackets outside strings; counted on the text so that the parser never recurses further. */
const nesting = (text: string): number => {
  let depth = 0
  let deepest = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') at = endOfString(text, at)
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth)
    else if (character === '}' || character === ']') depth--
  }
  return deepest
}

// `text` is valid JSON here. JSON.parse keeps the last of two equal keys, another reader may keep the first.
const ambiguousKey = (text: string): string | undefined => {
  const objects: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{') objects.push(new Set())
    else if (character === '[') objects.push(undefined)
    else if (character === '}' || character === ']') objects.pop()
    else if (character === '"') {
      const end = endOfString(text, at)
      const keys = objects.at(-1)
      if (keys !== undefined && /^\s*:/.test(text.slice(end + 1, end + 64))) {
        const key = JSON.parse(text.slice(at, end + 1)) as string
        if (key === '__proto__') return 'the arguments contain the key "__proto__"'
        if (keys.has(key)) return `the arguments contain the key "${key}" twice`
        keys.add(key)
      }
      at = end
    }
  }
  return undefined
}

const endOfString = (text: string, start: number): number => {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

const infiniteNumber = (value: unknown): string | undefined => {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'a number is out of range'
  if (typeof value !== 'object' || value === null) return undefined
  for (const member of Object.values(value)) {
    const fault = infiniteNumber(member)
    if (fault !== undefined) return fault
  }
  return undefined
}
