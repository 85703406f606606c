import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { isProven, type SignatureScheme } from './signature.ts'

const secret = 'f'.repeat(64)
const body = Buffer.from('{"event":{"id":"01DEH3"}}\n')
const now = Date.UTC(2026, 3, 23, 2, 45)
const seconds = Math.floor(now / 1000)
const hex = (text: string | Buffer, key = secret): string =>
  createHmac('sha256', key).update(text).digest('hex')

const headersFor: Readonly<Record<SignatureScheme, (key?: string, of?: Buffer) => Record<string, string>>> = {
  bearer: (key = secret) => ({ authorization: `Bearer ${key}` }),
  pagerduty: (key, of = body) => ({ 'x-pagerduty-signature': `v1=${hex(of, key)}` }),
  github: (key, of = body) => ({ 'x-hub-signature-256': `sha256=${hex(of, key)}` }),
  slack: (key, of = body) => ({
    'x-slack-request-timestamp': String(seconds),
    'x-slack-signature': `v0=${hex(Buffer.concat([Buffer.from(`v0:${seconds}:`), of]), key)}`,
  }),
  // Made by the reference library, so that our reading of the specification is not our own only.
  'standard-webhooks': (key = secret, of = body) => ({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(seconds),
    'webhook-signature': new Webhook(key).sign('msg_1', new Date(now), of.toString()),
  }),
}
const schemes = Object.keys(headersFor) as readonly SignatureScheme[]
const signing = schemes.filter((scheme) => scheme !== 'bearer')

const proven = ({
  scheme,
  headers,
  secrets = [secret],
  of = body,
  at = now,
}: {
  readonly scheme: SignatureScheme
  readonly headers: Readonly<Record<string, string>>
  readonly secrets?: readonly string[]
  readonly of?: Buffer
  readonly at?: number
}): boolean => isProven({ scheme, secrets, header: (name) => headers[name], body: of, now: at })

describe('F84 the proof of a sender', () => {
  test.each(schemes)('%s: with the secret it is one, with another it is none', (scheme) => {
    expect(proven({ scheme, headers: headersFor[scheme]() })).toBe(true)
    expect(proven({ scheme, headers: headersFor[scheme]('e'.repeat(64)) })).toBe(false)
    expect(proven({ scheme, headers: {} })).toBe(false)
    expect(proven({ scheme, headers: headersFor[scheme](), secrets: [] })).toBe(false)
    expect(proven({ scheme, headers: headersFor[scheme](), secrets: [''] })).toBe(false)
  })

  test.each(signing)('%s: another byte in the body is another body', (scheme) => {
    const headers = headersFor[scheme]()
    const reserialised = Buffer.from(JSON.stringify(JSON.parse(body.toString())))
    expect(proven({ scheme, headers, of: reserialised })).toBe(false)
  })

  test.each(schemes)('%s: while secrets change over, both count', (scheme) => {
    const secrets = ['e'.repeat(64), secret]
    expect(proven({ scheme, headers: headersFor[scheme](), secrets })).toBe(true)
    expect(proven({ scheme, headers: headersFor[scheme]('e'.repeat(64)), secrets })).toBe(true)
    expect(proven({ scheme, headers: headersFor[scheme]('d'.repeat(64)), secrets })).toBe(false)
  })

  test('several signatures: any valid one accepts', () => {
    const other = 'e'.repeat(64)
    const pagerduty = `v1=${hex(body, other)},v1=${hex(body)}`
    expect(proven({ scheme: 'pagerduty', headers: { 'x-pagerduty-signature': pagerduty } })).toBe(true)
    const standard = headersFor['standard-webhooks']()
    const both = `v1a,AAAA ${headersFor['standard-webhooks'](other)['webhook-signature']} ${standard['webhook-signature']}`
    const headers = { ...standard, 'webhook-signature': both }
    expect(proven({ scheme: 'standard-webhooks', headers })).toBe(true)
  })

  test.each([
    ['github', { 'x-hub-signature-256': `sha1=${hex(body)}` }],
    ['github', { 'x-hub-signature': `sha256=${hex(body)}` }],
    ['pagerduty', { 'x-pagerduty-signature': `v2=${hex(body)}` }],
    ['pagerduty', { 'x-pagerduty-signature': hex(body) }],
    ['pagerduty', { 'x-pagerduty-signature': 'v1=' }],
  ] as const)('%s: another algorithm, or none, is no proof: %j', (scheme, headers) => {
    expect(proven({ scheme, headers })).toBe(false)
  })

  test.each(['standard-webhooks', 'slack'] as const)('%s: five minutes, not six', (scheme) => {
    const headers = headersFor[scheme]()
    for (const minutes of [-5, 5]) expect(proven({ scheme, headers, at: now + minutes * 60_000 })).toBe(true)
    for (const minutes of [-6, 6]) expect(proven({ scheme, headers, at: now + minutes * 60_000 })).toBe(false)
  })

  test('a secret with the prefix whsec_ is the same secret', () => {
    const key = Buffer.from('0123456789abcdef01234567').toString('base64')
    const headers = headersFor['standard-webhooks'](`whsec_${key}`)
    for (const secrets of [[key], [`whsec_${key}`]])
      expect(proven({ scheme: 'standard-webhooks', headers, secrets })).toBe(true)
  })

  test('no header that is made up proves anything', () => {
    fc.assert(
      fc.property(fc.constantFrom(...schemes), fc.string(), fc.string(), (scheme, first, second) => {
        const names = Object.keys(headersFor[scheme]())
        const headers = Object.fromEntries(names.map((name, index) => [name, index === 0 ? first : second]))
        expect(proven({ scheme, headers })).toBe(false)
      }),
    )
  })
})
