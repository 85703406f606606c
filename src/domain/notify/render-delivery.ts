// What goes through a channel: the fact in the form of the channel, by its template or by ours. A template that does
// not render is said in the message; it is no reason to tell nobody.

import type { NotifyChannelSpec } from '../../api/v1alpha1/index.ts'
import { cloudEvent, cloudEventContentType } from './cloud-event.ts'
import type { NotifyFact } from './notify-fact.ts'
import { renderNotifyTemplate } from './notify-template.ts'
import { slackMessage, type SlackMessage } from './slack-message.ts'
import { slackText } from './slack-text.ts'

export type RenderedDelivery =
  | { readonly type: 'slack'; readonly message: SlackMessage }
  | { readonly type: 'webhook'; readonly contentType: string; readonly body: string }

export const renderDelivery = ({
  channel: { type, template },
  fact,
  more = [],
}: {
  readonly channel: Pick<NotifyChannelSpec, 'type' | 'template'>
  readonly fact: NotifyFact
  readonly more?: readonly NotifyFact[]
}): RenderedDelivery => {
  const escape = type === 'slack' ? 'slack' : 'nothing'
  const rendered = template === undefined ? undefined : renderNotifyTemplate({ template, fact, more, escape })
  const fault =
    rendered?.type === 'error'
      ? `the template of this channel does not render: ${rendered.message}`
      : undefined
  const words = rendered?.type === 'text' ? rendered.text : undefined
  if (type === 'slack') {
    const message = slackMessage({ fact, words, more })
    return { type, message: fault === undefined ? message : withNote(message, fault) }
  }
  if (words !== undefined)
    return {
      type,
      contentType: isJson(words) ? 'application/json' : 'text/plain; charset=utf-8',
      body: words,
    }
  const event = cloudEvent({ fact, more })
  const body = fault === undefined ? event : { ...event, data: { ...event.data, templateError: fault } }
  return { type, contentType: cloudEventContentType, body: JSON.stringify(body) }
}

const withNote = (message: SlackMessage, note: string): SlackMessage => ({
  ...message,
  blocks: [
    ...message.blocks,
    { type: 'context', elements: [{ type: 'mrkdwn', text: `⚠️ ${slackText(note, 300)}`, verbatim: true }] },
  ],
})

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
