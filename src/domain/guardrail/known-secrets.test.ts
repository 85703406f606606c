import fc from 'fast-check'
import { expect, test } from 'vitest'
import { secretIn, SHORTEST_SECRET, withoutSecrets } from './known-secrets.ts'

const secret = { name: 'PAGERDUTY_TOKEN', value: 'pd_ñ+/secret value-42' }
const base64 = (text: string): string => Buffer.from(text).toString('base64')

test.each([
  ['as it is', secret.value],
  ['Base64', base64(secret.value)],
  ['Base64 after one byte', base64(`x${secret.value}`)],
  ['Base64 after two bytes, with more behind it', base64(`xy${secret.value} and so on`)],
  ['Base64 for URLs', Buffer.from(`key=${secret.value};`).toString('base64url')],
  ['hexadecimal', Buffer.from(secret.value).toString('hex')],
  ['upper-case hexadecimal', Buffer.from(secret.value).toString('hex').toUpperCase()],
  ['percent-encoding', encodeURIComponent(secret.value)],
  ['percent-encoding of a form', encodeURIComponent(secret.value).replaceAll('%20', '+')],
  ['lower-case percent-encoding', encodeURIComponent(secret.value).toLowerCase()],
  ['percent-encoding twice', encodeURIComponent(encodeURIComponent(secret.value))],
  ['a form by URLSearchParams', new URLSearchParams({ x: secret.value }).toString()],
  ['JSON with escaped slashes', JSON.stringify(secret.value).replaceAll('/', String.raw`\/`)],
  ['JSON in ASCII', JSON.stringify(secret.value).replaceAll('ñ', String.raw`\u00f1`)],
  ['HTML', secret.value.replaceAll('ñ', '&#xF1;').replaceAll('/', '&#47;')],
  ['backwards', [...secret.value].toReversed().join('')],
  [
    'percent-encoding of everything',
    [...Buffer.from(secret.value)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  ],
])('S4 %s is found wherever it stands, and taken out', (_, form) => {
  for (const value of [{ text: `a ${form} b` }, { a: [{ b: form }] }, { [form]: 1 }]) {
    expect(secretIn(value, [secret])).toBe(secret)
    const left = withoutSecrets(value, [secret])
    expect(secretIn(left, [secret])).toBeUndefined()
    expect(JSON.stringify(left)).toContain('[PAGERDUTY_TOKEN]')
  }
})

test('S4 a secret of characters that are escaped is found in JSON and HTML however deep, and taken out whole', () => {
  const hard = { name: 'KEY', value: String.raw`\\pass"word'\ & <so on>\ñ\n` + '\n\t💣end' }
  let form = hard.value
  for (let depth = 0; depth < 5; depth += 1) {
    expect(withoutSecrets(`a ${form} b`, [hard]), `${depth} levels deep`).toMatch(/^a ["\\]*\[KEY\]["\\]* b$/)
    form = JSON.stringify(form)
  }
  const html = hard.value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  expect(withoutSecrets(html.replaceAll('"', '&quot;').replaceAll("'", '&#39;'), [hard])).toBe('[KEY]')
  const inToken = Buffer.from(JSON.stringify({ sub: hard.value })).toString('base64url')
  expect(secretIn(inToken, [hard])).toBe(hard)
})

test.each(['', '…', ' …', '...'])(
  'S4 the beginning of a secret at a cut that ends in "%s" is taken out',
  (end) => {
    for (let length = SHORTEST_SECRET; length <= secret.value.length; length += 1) {
      const left = withoutSecrets(`the key ${secret.value.slice(0, length)}${end}`, [secret])
      expect(left).toMatch(/^the key \[PAGERDUTY_TOKEN\]/)
    }
    const short = `the key ${secret.value.slice(0, SHORTEST_SECRET - 1)}`
    expect(withoutSecrets(short, [secret])).toBe(short)
    expect(withoutSecrets(`${secret.value.slice(0, 15)} and more`, [secret])).toContain('and more')
  },
)

test('a long run of what looks like a secret takes no longer than its length', () => {
  const hard = { name: 'KEY', value: String.raw`\a\%%%%%uuuuuuu` }
  const runs = ['\\', '%', '%25', 'u', 'u0075', 'a\\'].map((part) => part.repeat(100_000))
  expect(withoutSecrets(`${runs.join('uuuuuuu')}`, [hard])).not.toContain('[KEY]')
})

test('S4 any secret in any surroundings is found in every form', () => {
  const text = fc.string({ unit: 'grapheme', minLength: SHORTEST_SECRET, maxLength: 40 })
  fc.assert(
    fc.property(
      text.filter((value) => value.trim().length >= SHORTEST_SECRET && value.isWellFormed()),
      fc.string(),
      fc.string(),
      (written, before, after) => {
        const value = written.trim()
        const whole = Buffer.from(before + value + after)
        for (const form of [
          before + value + after,
          whole.toString('base64'),
          whole.toString('base64url'),
          whole.toString('hex'),
          encodeURIComponent(value),
        ])
          expect(secretIn({ form }, [{ name: 's', value: written }])?.name).toBe('s')
      },
    ),
  )
})

test('what is not there is not found, and short words are nobody’s secret', () => {
  expect(secretIn({ text: 'nothing of that kind', n: 7, none: null }, [secret])).toBeUndefined()
  expect(secretIn({ text: 'ask ollama' }, [{ name: 'OPENAI_API_KEY', value: 'ollama' }])).toBeUndefined()
  expect(secretIn({ text: '' }, [{ name: 'EMPTY', value: '' }])).toBeUndefined()
  expect(withoutSecrets({ a: [1, null, 'x'] }, [secret])).toEqual({ a: [1, null, 'x'] })
})

test('a number that is a secret is one', () => {
  expect(secretIn({ code: 123456789012 }, [{ name: 'PIN', value: '123456789012' }])?.name).toBe('PIN')
})
