// Whether a request comes from who shares the secret: over the bytes as they came, in a time that tells nothing about
// the secret. Any valid signature under any secret in force accepts, so that both sides can change over.
//
// Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks, "Signature scheme". PagerDuty: "Verifying
// Signatures" of V3 webhooks. GitHub: "Validating webhook deliveries". Slack: "Verifying requests from Slack".

import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { signatureSchemes } from '../../api/v1alpha1/index.ts'

export type SignatureScheme = (typeof signatureSchemes)[number]

/** A header by its name in lower case. */
export type HeaderReader = (name: string) => string | undefined

/** Of schemes whose signature covers a time. */
const TOLERANCE_SECONDS = 300
/** More than any sender puts into one header. */
const MOST_SIGNATURES = 10

export const isProven = ({
  scheme,
  secrets,
  header,
  body,
  now,
}: {
  readonly scheme: SignatureScheme
  /** None: nobody can prove it, after the same work. */
  readonly secrets: readonly string[]
  readonly header: HeaderReader
  readonly body: Uint8Array
  readonly now: number
}): boolean => {
  const { shown, expected } = claims[scheme]({ header, body, now })
  let proven = false
  for (const secret of secrets.length === 0 ? [DECOY] : secrets) {
    const digest = sha256(expected(secret))
    for (const signature of shown) {
      const same = timingSafeEqual(sha256(signature), digest)
      proven = proven || (same && secret !== '' && secret !== DECOY)
    }
  }
  return proven
}

/** What a request shows, and what it should. */
interface Claim {
  readonly shown: readonly string[]
  readonly expected: (secret: string) => string
}

type ReadClaim = (request: {
  readonly header: HeaderReader
  readonly body: Uint8Array
  readonly now: number
}) => Claim

const DECOY = '\0 no secret is like this one'
const BEARER = /^Bearer +(?<token>[^\s]+) *$/i
const LONGEST_HEADER = 16_384

const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer')
const hmac = (secret: string | Buffer, ...parts: readonly (string | Uint8Array)[]) => {
  const code = createHmac('sha256', secret)
  for (const part of parts) code.update(part)
  return code
}

/** The signatures of a header: those with the prefix, without it. */
const listed = (value: string | undefined, separator: RegExp, prefix: string): readonly string[] =>
  (value ?? '')
    .slice(0, LONGEST_HEADER)
    .split(separator)
    .filter((each) => each.startsWith(prefix))
    .slice(0, MOST_SIGNATURES)
    .map((each) => each.slice(prefix.length))

const isRecent = (seconds: string | undefined, now: number): boolean =>
  seconds !== undefined &&
  /^\d{1,12}$/.test(seconds) &&
  Math.abs(now / 1000 - Number(seconds)) <= TOLERANCE_SECONDS

const claims: Readonly<Record<SignatureScheme, ReadClaim>> = {
  bearer: ({ header, body }) => {
    const token = BEARER.exec((header('authorization') ?? '').slice(0, LONGEST_HEADER))?.groups?.['token']
    // The body is signed for nobody: a token takes as long as a signature does.
    hmac(DECOY, body).digest()
    return { shown: token === undefined ? [] : [token], expected: (secret) => secret }
  },
  'standard-webhooks': ({ header, body, now }) => {
    const [id, time] = [header('webhook-id'), header('webhook-timestamp')]
    const given = listed(header('webhook-signature'), / +/, 'v1,')
    return {
      shown: id !== undefined && id !== '' && isRecent(time, now) ? given : [],
      expected: (secret) =>
        hmac(Buffer.from(secret.replace(/^whsec_/, ''), 'base64'), `${id}.${time}.`, body).digest('base64'),
    }
  },
  pagerduty: ({ header, body }) => ({
    shown: listed(header('x-pagerduty-signature'), /, */, 'v1='),
    expected: (secret) => hmac(secret, body).digest('hex'),
  }),
  github: ({ header, body }) => ({
    shown: listed(header('x-hub-signature-256'), /, */, 'sha256='),
    expected: (secret) => hmac(secret, body).digest('hex'),
  }),
  slack: ({ header, body, now }) => {
    const time = header('x-slack-request-timestamp')
    const given = listed(header('x-slack-signature'), /, */, 'v0=')
    return {
      shown: isRecent(time, now) ? given : [],
      expected: (secret) => hmac(secret, `v0:${time}:`, body).digest('hex'),
    }
  },
}

/** Whether the signature covers the sender's own id of the delivery, so that nobody can replay it as another one. */
export const coversDeliveryId = (scheme: SignatureScheme): boolean => scheme === 'standard-webhooks'

/** Whether it signs the body at all. */
export const signsBody = (scheme: SignatureScheme): boolean => scheme !== 'bearer'
