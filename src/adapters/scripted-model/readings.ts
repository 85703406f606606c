// All the ways a text can be read. A model that wants to obey looks through disguises: escapes, entities, look-alike
// and invisible letters, Base64, hexadecimal, reversed or rotated text, and one disguise inside another.

const MOST_TEXT = 60_000
const MOST_READINGS = 24
const DEPTH = 2

/** The text without string escapes first, then every other reading of it that differs. */
export const readingsOf = (text: string): readonly string[] => {
  const known = remembered.get(text)
  if (known !== undefined) return known
  const found = everyReading(text)
  if (remembered.size >= MOST_REMEMBERED) remembered.clear()
  remembered.set(text, found)
  return found
}

// A conversation is read again at each of its turns.
const remembered = new Map<string, readonly string[]>()
const MOST_REMEMBERED = 64

const everyReading = (text: string): readonly string[] => {
  const first = unescaped(text.slice(0, MOST_TEXT))
  const found = new Set([first])
  let layer: readonly string[] = [first]
  for (let depth = 0; depth < DEPTH && found.size < MOST_READINGS; depth += 1) {
    layer = layer
      .flatMap((reading) => disguises.flatMap((look) => look(reading)))
      .filter((reading) => reading.trim() !== '' && !found.has(reading))
    for (const reading of layer) if (found.size < MOST_READINGS) found.add(reading)
  }
  return [...found]
}

/** Orders also stand in strings inside JSON. */
const unescaped = (text: string): string =>
  text.replaceAll(/\\(["\\n])/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))

type Look = (text: string) => readonly string[]

const whole =
  (decode: (text: string) => string): Look =>
  (text) => [decode(text)]

/** Each match by itself, read as what it stands for. */
const parts =
  (pattern: RegExp, decode: (match: string) => string): Look =>
  (text) =>
    [...text.matchAll(pattern)].flatMap(([match]) => {
      const decoded = decode(match)
      return isReadable(decoded) ? [decoded] : []
    })

const isReadable = (text: string): boolean =>
  // oxlint-disable-next-line no-control-regex -- control characters are what it finds
  text.length >= 8 && !/[\u0000-\u0008\u000E-\u001F\uFFFD]/.test(text)

const codePoint = (code: number): string =>
  Number.isInteger(code) && code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ''

const entities: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  sol: '/',
}

const named = (text: string): string =>
  text
    .replaceAll(/&#x([0-9a-f]{1,6});/gi, (_, code: string) => codePoint(Number.parseInt(code, 16)))
    .replaceAll(/&#(\d{1,7});/g, (_, code: string) => codePoint(Number(code)))
    .replaceAll(/&(\w+);/g, (match, name: string) => entities[name] ?? match)

const escapes = (text: string): string =>
  text
    .replaceAll(/\\u\{?([0-9a-f]{4,6})\}?/gi, (_, code: string) => codePoint(Number.parseInt(code, 16)))
    .replaceAll(/\\x([0-9a-f]{2})/gi, (_, code: string) => codePoint(Number.parseInt(code, 16)))

const percent = (text: string): string =>
  text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  )

const lookAlikes: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['аɑα', 'a'],
    ['сϲ', 'c'],
    ['ԁ', 'd'],
    ['еє', 'e'],
    ['ɡ', 'g'],
    ['һ', 'h'],
    ['іıι', 'i'],
    ['ј', 'j'],
    ['кκ', 'k'],
    ['ӏ', 'l'],
    ['мʍ', 'm'],
    ['ոп', 'n'],
    ['оοо', 'o'],
    ['рρ', 'p'],
    ['ѕ', 's'],
    ['тτ', 't'],
    ['υս', 'u'],
    ['ѵν', 'v'],
    ['ѡ', 'w'],
    ['хχ', 'x'],
    ['уγ', 'y'],
    ['∕⁄／', '/'],
    ['＿', '_'],
  ].flatMap(([like = '', letter = '']) => [...like].map((each) => [each, letter])),
)

/** One letter for all that look like it, and nothing for what nobody sees; tags are the letters they tag. */
const folded = (text: string): string =>
  [...text.normalize('NFKC')]
    .map((letter) => {
      const code = letter.codePointAt(0) ?? 0
      if (code >= 0xe0020 && code <= 0xe007e) return String.fromCharCode(code - 0xe0000)
      return lookAlikes[letter] ?? letter
    })
    .join('')
    .replaceAll(/[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF\u{E0000}-\u{E007F}\p{Mn}]/gu, '')

/** `s l a c k` is `slack`; two spaces part words. */
const closedUp = (text: string): string =>
  /(?:\S ){12}/.test(text) ? text.replaceAll(/(?<=\S) (?=\S)/g, '').replaceAll(/ {2,}/g, ' ') : text

const rotated = (text: string): string =>
  text.replaceAll(/[a-z]/gi, (letter) => {
    const base = letter <= 'Z' ? 65 : 97
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base)
  })
const reversed = (text: string): string => [...text].toReversed().join('')

/** Every text can be turned round; only one that gives orders then was meant to be. */
const ifItOrders =
  (decode: (text: string) => string): Look =>
  (text) => {
    const decoded = decode(text)
    return /\b(?:call|invoke|use|execute|run)\b.{0,80}[a-z][/_][a-z]/is.test(decoded) ? [decoded] : []
  }

const disguises: readonly Look[] = [
  whole(unescaped),
  whole(folded),
  whole(named),
  whole(escapes),
  whole(percent),
  whole(closedUp),
  parts(/[A-Za-z0-9+/_-]{24,}={0,2}/g, (blob) => Buffer.from(blob, 'base64').toString('utf8')),
  parts(/(?:[0-9a-f]{2}[\s:]?){16,}/gi, (run) =>
    Buffer.from(run.replaceAll(/[\s:]/g, ''), 'hex').toString('utf8'),
  ),
  parts(/(?:\d{2,3}[,\s]+){16,}\d{2,3}/g, (run) =>
    run
      .split(/[,\s]+/)
      .map(Number)
      .map(codePoint)
      .join(''),
  ),
  parts(/(?:[01]{8}\s?){16,}/g, (run) =>
    (run.match(/[01]{8}/g) ?? []).map((bits) => codePoint(Number.parseInt(bits, 2))).join(''),
  ),
  ifItOrders(rotated),
  ifItOrders(reversed),
]
