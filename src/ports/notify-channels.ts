// The ways out to people: Slack and webhooks, as whoever dispatches sees them. Everything secret is in here already
// read; nothing of it comes back in an outcome.

import type { SlackMessage } from '../domain/notify/slack-message.ts'
import type { ThreadPlace } from './outbox.ts'

export type ChannelDelivery = {
  /** Of the SwarmNotify. Names inside the cluster are reached in this namespace only. */
  readonly namespace: string
  /** The same message has the same id at each try. */
  readonly id: string
} & (
  | { readonly type: 'slack-webhook'; readonly url: string; readonly message: SlackMessage }
  | {
      readonly type: 'slack-bot'
      readonly apiUrl: string
      readonly token: string
      readonly channel: string
      readonly message: SlackMessage
      /** Where earlier news of the same thread is: this one follows it, and the first is brought up to date. */
      readonly thread?: ThreadPlace
    }
  | {
      readonly type: 'webhook'
      readonly url: string
      readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH'
      readonly headers: readonly { readonly name: string; readonly value: string }[]
      readonly contentType: string
      readonly body: string
      /** `whsec_` and base64. */
      readonly signingSecret?: string
    }
)

export type ChannelOutcome =
  | { readonly type: 'taken'; readonly thread?: Pick<ThreadPlace, 'channelId' | 'ts'> }
  | {
      readonly type: 'failed'
      /** Without anything secret. */
      readonly error: string
      /** Repetition will not help. */
      readonly permanent: boolean
      /** Nobody answered, or the other side is busy: more messages would fare no better. */
      readonly unreachable: boolean
      readonly retryAfterMs?: number
    }

export interface NotifyChannels {
  /** Never throws. */
  deliver(delivery: ChannelDelivery): Promise<ChannelOutcome>
}
