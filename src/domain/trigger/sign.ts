// Proves a delivery the way its scheme says, as the sender would: for trying an event out.

import { createHmac } from 'node:crypto'
import type { SignatureScheme } from './signature.ts'

/** Headers that prove the body; `id` is the delivery's, where the scheme signs one. */
export const proofHeaders = ({
  scheme,
  secret,
  body,
  id,
  now,
}: {
  readonly scheme: SignatureScheme
  readonly secret: string
  readonly body: Uint8Array
  readonly id: string
  readonly now: number
}): Readonly<Record<string, string>> => {
  const seconds = String(Math.floor(now / 1000))
  const hex = (...parts: readonly (string | Uint8Array)[]): string => hmac(secret, parts).digest('hex')
  switch (scheme) {
    case 'bearer':
      return { authorization: `Bearer ${secret}` }
    case 'pagerduty':
      return { 'x-pagerduty-signature': `v1=${hex(body)}` }
    case 'github':
      return { 'x-hub-signature-256': `sha256=${hex(body)}` }
    case 'slack':
      return {
        'x-slack-request-timestamp': seconds,
        'x-slack-signature': `v0=${hex(`v0:${seconds}:`, body)}`,
      }
    case 'standard-webhooks': {
      const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
      const signature = hmac(key, [`${id}.${seconds}.`, body]).digest('base64')
      return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}` }
    }
  }
}

const hmac = (key: string | Buffer, parts: readonly (string | Uint8Array)[]) => {
  const code = createHmac('sha256', key)
  for (const part of parts) code.update(part)
  return code
}
