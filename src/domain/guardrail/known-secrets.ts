// Secrets whose values a process holds, searched in what it is about to send or to store: as they are, and in the forms
// in which text is usually carried (inside JSON, URLs and HTML however deep, Base64 at any offset, hexadecimal, backwards).
// Where a text was cut at its end, the beginning of a secret is one. A value that was cut up, paraphrased or enciphered is
// not found: this is a net under the rules, not a rule.

export interface KnownSecret {
  /** Where it comes from, for messages: the name of an environment variable. Never the value. */
  readonly name: string
  readonly value: string
}

/** Shorter values ("ollama", "scripted") are words that people write. */
export const SHORTEST_SECRET = 12

/** The first known secret that a JSON value carries, in a string or in a key. */
export const secretIn = (value: unknown, secrets: readonly KnownSecret[]): KnownSecret | undefined => {
  const texts = textsIn(value)
  return secrets.find((secret) => {
    const forms = formsOf(secret.value)
    return texts.some((text) => forms.some((form) => form.in(text)))
  })
}

/** The same value with every known secret in it replaced by its name. */
export const withoutSecrets = (value: unknown, secrets: readonly KnownSecret[]): unknown => {
  if (typeof value === 'string') return textWithoutSecrets(value, secrets)
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, secrets))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      textWithoutSecrets(key, secrets),
      withoutSecrets(member, secrets),
    ]),
  )
}

const textWithoutSecrets = (text: string, secrets: readonly KnownSecret[]): string =>
  // No form of a secret is shorter than the shortest secret.
  text.length < SHORTEST_SECRET
    ? text
    : secrets.reduce(
        (left, { name, value }) => formsOf(value).reduce((rest, form) => form.out(rest, `[${name}]`), left),
        text,
      )

const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number') return [String(value)]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) => [
    ...(Array.isArray(value) ? [] : [key]),
    ...textsIn(member),
  ])
}

interface Form {
  in(text: string): boolean
  out(text: string, instead: string): string
}

const exactly = (form: string): Form => ({
  in: (text) => text.includes(form),
  out: (text, instead) => text.replaceAll(form, instead),
})

const inAnyCase = (form: string): Form => {
  const lower = form.toLowerCase()
  const anyCase = new RegExp(escaped(form), 'gi')
  return {
    in: (text) => text.toLowerCase().includes(lower),
    out: (text, instead) => text.replaceAll(anyCase, instead),
  }
}

// A secret's forms are asked for with every call; there are few secrets, and they seldom change.
const known = new Map<string, readonly Form[]>()
const MOST_KNOWN = 256

const formsOf = (written: string): readonly Form[] => {
  const value = written.trim()
  if (value.length < SHORTEST_SECRET) return []
  const found = known.get(value) ?? newForms(value)
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(value, found)
  return found
}

const newForms = (value: string): readonly Form[] => {
  const bytes = Buffer.from(value)
  const inJson = JSON.stringify(value).slice(1, -1)
  return [
    escapedAnyhow(value),
    ...base64Forms(bytes).map(exactly),
    ...(inJson === value ? [] : base64Forms(Buffer.from(inJson)).map(exactly)),
    inAnyCase(bytes.toString('hex')),
    inAnyCase([...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')),
    exactly([...value].toReversed().join('')),
    cutOff(value),
  ]
}

/**
 * The text ends, or goes on with an ellipsis, in the middle of the value: an excerpt of an answer, for example. Taken out,
 * but no reason to refuse: many values begin alike (`-----BEGIN PRIVATE KEY`).
 */
const cutOff = (value: string): Form => {
  const start = value.slice(0, SHORTEST_SECRET)
  const at = (text: string): number | undefined => {
    const whole = text.replace(/ ?(?:…|\.\.\.)$/, '')
    const found = whole.indexOf(start, Math.max(0, whole.length - value.length))
    return found >= 0 && value.startsWith(whole.slice(found)) ? found : undefined
  }
  return {
    in: () => false,
    out: (text, instead) => {
      const from = at(text)
      return from === undefined ? text : `${text.slice(0, from)}${instead}`
    },
  }
}

/** Every character as it is or escaped, each for itself: which ones are depends on who wrote the JSON, URL or HTML. */
const escapedAnyhow = (value: string): Form => {
  const parts = value.match(/\\+|[^\\]/gu) ?? []
  const source = parts.reduce((before, part, index) => {
    // A backslash of the value and those that escape what is beside it cannot be told apart: one run is all of them.
    if (part.startsWith('\\'))
      return `${before}${index === 0 ? String.raw`(?<!\\)` : ''}${waysToWrite('\\')}+`
    const between = index === 0 || parts[index - 1]?.startsWith('\\') === true ? '' : String.raw`\\*`
    return `${before}${between}${waysToWrite(part)}`
  }, '')
  const pattern = new RegExp(source, 'gu')
  // What nobody escapes: letters and digits. Without the most of them in it, a text need not be looked at more closely.
  const sign = (value.match(/[A-Za-z0-9]+/g) ?? []).toSorted((a, b) => b.length - a.length)[0] ?? ''
  return {
    in: (text) => text.includes(sign) && text.search(pattern) >= 0,
    out: (text, instead) => (text.includes(sign) ? text.replaceAll(pattern, () => instead) : text),
  }
}

const waysToWrite = (character: string): string => {
  const code = character.codePointAt(0) ?? 0
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  const ways = [
    escaped(character),
    units.map((unit) => `u${hexadecimal(unit, 4)}`).join(String.raw`\\+`),
    [...Buffer.from(character)].map((byte) => `%(?:25)*${hexadecimal(byte, 2)}`).join(''),
    `&#0*${code};`,
    `&#[xX]0*${hexadecimal(code, 1)};`,
    ...(otherWays[character] ?? []),
  ]
  return `(?:${ways.join('|')})`
}

const hexadecimal = (number: number, digits: number): string =>
  number
    .toString(16)
    .padStart(digits, '0')
    .replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)

/** In JSON after a backslash, in a form, in HTML. */
const otherWays: Readonly<Record<string, readonly string[]>> = {
  '\n': ['n'],
  '\r': ['r'],
  '\t': ['t'],
  ' ': [String.raw`\+`],
  '&': ['&amp;'],
  '<': ['&lt;'],
  '>': ['&gt;'],
  '"': ['&quot;'],
  "'": ['&apos;'],
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

/**
 * What three bytes before or after a value can make of its Base64: the part that depends on the value alone, once for
 * each offset.
 */
const base64Forms = (bytes: Buffer): readonly string[] =>
  [0, 1, 2].flatMap((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes])
    const text = whole.toString('base64').replace(/=+$/, '')
    const from = Math.ceil((offset * 8) / 6)
    const to = Math.floor((whole.length * 8) / 6)
    const core = text.slice(from, to)
    return [...new Set([core, core.replaceAll('+', '-').replaceAll('/', '_')])]
  })
