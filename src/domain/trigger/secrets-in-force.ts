// Which texts of a Secret prove a sender now: the one in force first, and the one before while senders change over.

import { previousTokenKey, previousUntilAnnotation, webhookTokenKey } from '../workload/agent-names.ts'

export interface SecretsInForce {
  readonly current: readonly string[]
  readonly previous: readonly string[]
  /** Milliseconds; from then on `previous` proves nothing. */
  readonly previousUntil: number
}

interface SecretContent {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>
}

const secretKey = 'secret'
const previousSecretKey = 'previous'

/** Of the Secret that is made for an event. */
export const madeToken = (secret: SecretContent | undefined): SecretsInForce => ({
  current: textsOf(secret, [webhookTokenKey]),
  previous: textsOf(secret, [previousTokenKey]),
  previousUntil: Date.parse(secret?.metadata.annotations?.[previousUntilAnnotation] ?? '') || 0,
})

/** Of a Secret that an event names: `secret`, or the only key; `previous` holds until it is taken out. */
export const sharedSecret = (secret: SecretContent | undefined): SecretsInForce => {
  const keys = Object.keys(secret?.data ?? {}).filter((key) => key !== previousSecretKey)
  const [only] = keys
  const key = keys.includes(secretKey) ? secretKey : keys.length === 1 ? only : undefined
  return {
    current: textsOf(secret, key === undefined ? [] : [key]),
    previous: textsOf(secret, [previousSecretKey]),
    previousUntil: Infinity,
  }
}

export const inForce = (
  { current, previous, previousUntil }: SecretsInForce,
  now: number,
): readonly string[] => (now < previousUntil ? [...current, ...previous] : current)

/** Without the line break that editors and `echo` leave at the end. */
const textsOf = (secret: SecretContent | undefined, keys: readonly string[]): readonly string[] =>
  keys
    .map((key) =>
      Buffer.from(secret?.data?.[key] ?? '', 'base64')
        .toString('utf8')
        .trim(),
    )
    .filter((text) => text !== '')
