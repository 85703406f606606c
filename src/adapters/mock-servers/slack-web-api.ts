// The part of Slack's HTTP interface that notifications use: incoming webhooks (`/services/...`), `chat.postMessage` and
// `chat.update` (`/api/...`), with Slack's limits. Every request is in the same ledger as the tool calls.

import { logBlock } from './log-block.ts'
import type { Scenario } from './scenario.ts'

export interface SlackWebApi {
  /** Name under which a request is in the ledger and may meet a fault; undefined when it is none of Slack's. */
  methodOf(pathname: string): string | undefined
  answer(request: {
    readonly method: string
    readonly body: unknown
    readonly authorization: string
  }): SlackAnswer
}

interface SlackAnswer {
  readonly status: number
  readonly body: string
  readonly isError: boolean
}

interface Message {
  readonly channel: string
  readonly ts: string
}

export const createSlackWebApi = ({
  scenarios,
  log,
  now,
}: {
  readonly scenarios: readonly Scenario[]
  readonly log: (line: string) => void
  readonly now: () => number
}): SlackWebApi => {
  const channels = scenarios.flatMap(({ slack }) => slack.channels)
  const messages = new Map<string, Message>()
  let posted = 0

  const post = (body: Fields): SlackAnswer => {
    const channel = channels.find(({ id, name }) => id === body['channel'] || name === body['channel'])
    if (channel === undefined) return no('channel_not_found')
    const parent = body['thread_ts']
    if (parent !== undefined && !messages.has(String(parent))) return no('thread_not_found')
    posted += 1
    const ts = `${Math.floor(now() / 1000)}.${String(posted).padStart(6, '0')}`
    messages.set(ts, { channel: channel.id, ts })
    const where = parent === undefined ? channel.name : `${channel.name}, thread ${String(parent)}`
    logBlock({ log, title: `SLACK NOTIFICATION to ${where}`, text: spoken(body) })
    return yes({ channel: channel.id, ts, message: { text: body['text'] } })
  }

  const update = (body: Fields): SlackAnswer => {
    const message = messages.get(String(body['ts']))
    if (message === undefined || message.channel !== body['channel']) return no('message_not_found')
    logBlock({ log, title: `SLACK UPDATE of ${message.ts}`, text: spoken(body) })
    return yes({ channel: message.channel, ts: message.ts })
  }

  const webhook = (body: Fields): SlackAnswer => {
    logBlock({ log, title: 'SLACK NOTIFICATION by incoming webhook', text: spoken(body) })
    return { status: 200, body: 'ok', isError: false }
  }

  return {
    methodOf(pathname) {
      if (/^\/services\/[\w/-]+$/.test(pathname)) return 'incoming-webhook'
      return /^\/api\/(chat\.postMessage|chat\.update)$/.exec(pathname)?.[1]
    },
    answer({ method, body, authorization }) {
      if (!isFields(body)) return { status: 400, body: 'invalid_payload', isError: true }
      const fault = faultOf(body)
      if (method === 'incoming-webhook')
        return fault === undefined ? webhook(body) : { status: 400, body: fault, isError: true }
      if (!/^Bearer \S+$/.test(authorization)) return no('not_authed')
      if (fault !== undefined) return no(fault)
      return method === 'chat.update' ? update(body) : post(body)
    },
  }
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const yes = (fields: object): SlackAnswer => ({
  status: 200,
  body: JSON.stringify({ ok: true, ...fields }),
  isError: false,
})
const no = (error: string): SlackAnswer => ({
  status: 200,
  body: JSON.stringify({ ok: false, error }),
  isError: true,
})

/** Slack's documented limits of what is used here. */
const faultOf = (body: Fields): string | undefined => {
  const { text, blocks = [] } = body
  if (text === undefined && body['blocks'] === undefined) return 'no_text'
  if (!Array.isArray(blocks) || blocks.length > 50) return 'invalid_blocks'
  if (JSON.stringify(blocks).length > 13_000) return 'msg_blocks_too_long'
  return blocks.every(fits) ? undefined : 'invalid_blocks'
}

const fits = (block: unknown): boolean => {
  if (!isFields(block)) return false
  const short = (value: unknown, longest: number): boolean =>
    isFields(value) &&
    typeof value['text'] === 'string' &&
    value['text'].length > 0 &&
    value['text'].length <= longest
  const all = (value: unknown, most: number, longest: number): boolean =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= most &&
    value.every((item) => short(item, longest))
  switch (block['type']) {
    case 'header':
      return short(block['text'], 150)
    case 'section':
      return block['fields'] === undefined ? short(block['text'], 3000) : all(block['fields'], 10, 2000)
    case 'context':
      return all(block['elements'], 10, 3000)
    case 'divider':
      return true
    default:
      return false
  }
}

/** What a person would read. */
const spoken = ({ text, blocks }: Fields): string => {
  const lines = (Array.isArray(blocks) ? blocks : []).flatMap((block: unknown) => {
    if (!isFields(block)) return []
    return [block['text'], ...[block['fields'], block['elements']].flat()].flatMap((part) =>
      isFields(part) && typeof part['text'] === 'string' ? [part['text']] : [],
    )
  })
  return lines.length === 0 ? String(text ?? '') : lines.join('\n')
}
