// Slack, two ways. An incoming webhook takes a message and tells nothing of it; the Web API takes one as a bot and says
// where it is, so that later news of the same incident goes below it and the first message is kept up to date.

import type { ChannelDelivery, ChannelOutcome } from '../../ports/notify-channels.ts'
import type { Fetch } from '../http/create-fetch.ts'
import { exchange } from './exchange.ts'

type WebhookDelivery = Extract<ChannelDelivery, { type: 'slack-webhook' }>
type BotDelivery = Extract<ChannelDelivery, { type: 'slack-bot' }>

const json = { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'kubeswarm' }

export const sendToSlackWebhook = async ({
  fetch,
  url,
  message,
}: WebhookDelivery & { readonly fetch: Fetch }): Promise<ChannelOutcome> => {
  const answer = await exchange({ fetch, url, headers: json, body: JSON.stringify(message) })
  return answer.type === 'answered' ? { type: 'taken' } : answer
}

export const sendToSlackBot = async ({
  fetch,
  apiUrl,
  token,
  channel,
  message,
  thread,
  id,
}: BotDelivery & { readonly fetch: Fetch }): Promise<ChannelOutcome> => {
  const call = (method: string, body: object): Promise<Answer> =>
    ask({ fetch, url: `${apiUrl.replace(/\/+$/, '')}/${method}`, token, body })
  const metadata = { event_type: 'kubeswarm_notification', event_payload: { id } }
  const post = (more: object): Promise<Answer> =>
    call('chat.postMessage', { channel, ...message, metadata, ...more })

  if (thread === undefined) return outcomeOf(await post({}))
  const { channelId, ts } = thread
  const reply = await post({ channel: channelId, thread_ts: ts })
  // Somebody has deleted the thread: the news must not go with it.
  if (reply.type === 'refused' && lostThread.has(reply.error)) return outcomeOf(await post({}))
  if (reply.type !== 'ok') return outcomeOf(reply)
  // The news is out; that the first message stays as it was is no reason to tell it again.
  await call('chat.update', { channel: channelId, ts, ...message })
  return { type: 'taken', thread: { channelId, ts } }
}

type Answer =
  | { readonly type: 'ok'; readonly channelId: string; readonly ts: string }
  | { readonly type: 'refused'; readonly error: string }
  | Extract<ChannelOutcome, { type: 'failed' }>

const lostThread = new Set(['thread_not_found', 'message_not_found', 'cannot_reply_to_message'])
/** Slack's own troubles; everything else that it says no to stays a no. */
const passing = new Set([
  'ratelimited',
  'rate_limited',
  'service_unavailable',
  'internal_error',
  'fatal_error',
  'request_timeout',
])

const ask = async ({
  fetch,
  url,
  token,
  body,
}: {
  readonly fetch: Fetch
  readonly url: string
  readonly token: string
  readonly body: object
}): Promise<Answer> => {
  const headers = { ...json, authorization: `Bearer ${token}` }
  const answer = await exchange({ fetch, url, headers, body: JSON.stringify(body) })
  if (answer.type === 'failed') return answer
  const said = parsed(answer.body)
  if (said === undefined) return { type: 'refused', error: 'an answer that is not of the Slack Web API' }
  if (said.ok === true)
    return { type: 'ok', channelId: String(said.channel ?? ''), ts: String(said.ts ?? '') }
  return { type: 'refused', error: String(said.error ?? 'unknown_error').slice(0, 100) }
}

interface SlackAnswer {
  readonly ok?: unknown
  readonly error?: unknown
  readonly channel?: unknown
  readonly ts?: unknown
}

const parsed = (text: string): SlackAnswer | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as SlackAnswer) : undefined
  } catch {
    return undefined
  }
}

const outcomeOf = (answer: Answer): ChannelOutcome => {
  switch (answer.type) {
    case 'ok':
      return { type: 'taken', thread: { channelId: answer.channelId, ts: answer.ts } }
    case 'refused': {
      const busy = passing.has(answer.error)
      return { type: 'failed', error: `Slack said ${answer.error}`, permanent: !busy, unreachable: busy }
    }
    case 'failed':
      return answer
  }
}
