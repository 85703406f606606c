// JSON values that stand inside a text: reports quoted in a prompt, tool results between delimiters.

const MAX_TEXT = 400_000
const MAX_ATTEMPTS = 200

/** The outermost JSON objects and arrays of the text, in order. */
export const embeddedJson = (text: string): readonly unknown[] => {
  const source = text.slice(0, MAX_TEXT)
  const values: unknown[] = []
  let at = 0
  for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
    const start = nextOpening({ source, from: at })
    if (start === undefined) break
    const end = closing({ source, start })
    const parsed = end === undefined ? undefined : parse(source.slice(start, end))
    if (end !== undefined && parsed !== undefined) {
      values.push(parsed.value)
      at = end
    } else {
      at = start + 1
    }
  }
  return values
}

const nextOpening = ({ source, from }: { source: string; from: number }): number | undefined => {
  const offset = source.slice(from).search(/[{[]/)
  return offset < 0 ? undefined : from + offset
}

/** Index after the bracket that closes the one at `start`, strings skipped. */
const closing = ({ source, start }: { source: string; start: number }): number | undefined => {
  let depth = 0
  let inString = false
  for (let index = start; index < source.length; index += 1) {
    const char = source[index]
    if (inString) {
      if (char === '\\') index += 1
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{' || char === '[') depth += 1
    else if (char === '}' || char === ']') {
      depth -= 1
      if (depth === 0) return index + 1
    }
  }
  return undefined
}

const parse = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** Reads `a.b[0].c` or `a[*].b` (the list of every `b`). Undefined when it is not there. */
export const readPath = ({ value, path }: { readonly value: unknown; readonly path: string }): unknown => {
  const parts = path.match(/[^.[\]]+|\[\*\]|\[\d+\]/g) ?? []
  return follow({ value, parts })
}

const follow = ({ value, parts }: { value: unknown; parts: readonly string[] }): unknown => {
  const [part, ...rest] = parts
  if (part === undefined) return value
  if (part === '[*]') {
    if (!Array.isArray(value)) return undefined
    return value
      .map((item: unknown) => follow({ value: item, parts: rest }))
      .filter((item) => item !== undefined)
  }
  const key = part.startsWith('[') ? part.slice(1, -1) : part
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return follow({ value: (value as Record<string, unknown>)[key], parts: rest })
}
