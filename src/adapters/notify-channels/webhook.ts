// A webhook, signed as Standard Webhooks says where a secret is given: `webhook-id`, `webhook-timestamp`,
// `webhook-signature` over `id.timestamp.body` (github.com/standard-webhooks, spec 1.0).

import { createHmac } from 'node:crypto'
import type { ChannelDelivery, ChannelOutcome } from '../../ports/notify-channels.ts'
import type { Fetch } from '../http/create-fetch.ts'
import { exchange, permanently } from './exchange.ts'

export const sendToWebhook = async ({
  fetch,
  now,
  url,
  id,
  method,
  headers,
  contentType,
  body,
  signingSecret,
}: Extract<ChannelDelivery, { type: 'webhook' }> & {
  readonly fetch: Fetch
  readonly now: number
}): Promise<ChannelOutcome> => {
  const sent = method === 'GET' ? '' : body
  const timestamp = String(Math.floor(now / 1000))
  const signature =
    signingSecret === undefined
      ? undefined
      : signatureOf({ id, timestamp, body: sent, secret: signingSecret })
  if (signature === 'not a secret')
    return permanently('the signing secret is not "whsec_" and 24 to 64 bytes in base64')
  const answer = await exchange({
    fetch,
    url,
    method,
    headers: {
      'user-agent': 'kubeswarm',
      ...Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value])),
      ...(method === 'GET' ? {} : { 'content-type': contentType }),
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      ...(signature === undefined ? {} : { 'webhook-signature': signature }),
    },
    ...(method === 'GET' ? {} : { body: sent }),
  })
  return answer.type === 'answered' ? { type: 'taken' } : answer
}

export const signatureOf = ({
  id,
  timestamp,
  body,
  secret,
}: {
  readonly id: string
  readonly timestamp: string
  readonly body: string
  readonly secret: string
}): string => {
  const text = secret.replace(/^whsec_/, '')
  const key = Buffer.from(text, 'base64')
  if (!/^[A-Za-z0-9+/]+=*$/.test(text) || key.length < 24 || key.length > 64) return 'not a secret'
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}
