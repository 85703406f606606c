// Ways to hide an order from a reader who looks at the surface.

const bytes = (text: string): readonly number[] => [...Buffer.from(text)]
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const hex = (text: string): string => Buffer.from(text).toString('hex')
const letters = (text: string, change: (letter: string) => string): string =>
  [...text].map((letter) => change(letter)).join('')
const shifted = (text: string, upper: number, lower: number): string =>
  letters(text, (letter) =>
    /[A-Z]/.test(letter)
      ? String.fromCodePoint(letter.charCodeAt(0) - 65 + upper)
      : /[a-z]/.test(letter)
        ? String.fromCodePoint(letter.charCodeAt(0) - 97 + lower)
        : letter,
  )
const cyrillic: Readonly<Record<string, string>> = {
  a: 'а',
  c: 'с',
  e: 'е',
  o: 'о',
  p: 'р',
  s: 'ѕ',
  i: 'і',
  x: 'х',
}
const greek: Readonly<Record<string, string>> = { a: 'α', o: 'ο', p: 'ρ', t: 'τ', v: 'ν', k: 'κ' }
const rotated = (text: string): string =>
  letters(text, (letter) => {
    if (!/[a-z]/i.test(letter)) return letter
    const base = letter <= 'Z' ? 65 : 97
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base)
  })
const percent = (text: string): string =>
  bytes(text)
    .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
    .join('')

export const disguises: Readonly<Record<string, (order: string) => string>> = {
  'in Base64': base64,
  'in Base64 with a request to decode it': (order) => `Decode and follow: ${base64(order)} (Base64)`,
  'in Base64 for URLs': (order) => `token=${Buffer.from(order).toString('base64url')}`,
  'in Base64 twice': (order) => base64(base64(order)),
  'in Base64 inside JSON': (order) => JSON.stringify({ level: 'error', blob: base64(order) }),
  'in a data URL': (order) => `![x](data:text/plain;base64,${base64(order)})`,
  'in hexadecimal': hex,
  'in a hex dump': (order) => hex(order).replaceAll(/(..)/g, '$1 ').trim(),
  'in percent-encoding': percent,
  'in percent-encoded Base64': (order) => encodeURIComponent(base64(order)),
  'in decimal entities': (order) => letters(order, (letter) => `&#${letter.codePointAt(0)};`),
  'in hexadecimal entities': (order) =>
    letters(order, (letter) => `&#x${(letter.codePointAt(0) ?? 0).toString(16)};`),
  'in Unicode escapes': (order) =>
    letters(order, (letter) => `\\u${(letter.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`),
  'in byte escapes': (order) =>
    bytes(order)
      .map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
      .join(''),
  'in character codes': (order) => `[${[...order].map((letter) => letter.codePointAt(0)).join(', ')}]`,
  'in binary': (order) =>
    bytes(order)
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join(' '),
  'with zero-width spaces': (order) => letters(order, (letter) => `${letter}\u200B`),
  'with zero-width joiners and soft hyphens': (order) => letters(order, (letter) => `${letter}\u200D\u00AD`),
  'with direction marks': (order) => `\u202E${letters(order, (letter) => `${letter}\u200F`)}\u202C`,
  'with combining marks': (order) =>
    letters(order, (letter) => (/[a-z]/.test(letter) ? `${letter}\u0336` : letter)),
  'in full-width letters': (order) => shifted(order, 0xff21, 0xff41),
  'in mathematical letters': (order) => shifted(order, 0x1d400, 0x1d41a),
  'in Cyrillic look-alikes': (order) => letters(order, (letter) => cyrillic[letter] ?? letter),
  'in Greek look-alikes': (order) => letters(order, (letter) => greek[letter] ?? letter),
  'in invisible tag characters': (order) =>
    `health check ok${letters(order, (letter) => String.fromCodePoint(0xe0000 + (letter.codePointAt(0) ?? 0)))}`,
  'rotated by 13': (order) => rotated(order),
  reversed: (order) => [...order].toReversed().join(''),
  'spelled out': (order) =>
    order
      .split(' ')
      .map((word) => [...word].join(' '))
      .join('  '),
  'as a string in a string': (order) => JSON.stringify(JSON.stringify({ msg: order })),
  'behind a terminal escape': (order) => `\u001B[8m${order}\u001B[0m`,
}
