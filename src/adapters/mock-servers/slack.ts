// The mock Slack: channels of its scenarios, and messages, which it prints so that people can see them arrive.

import { z } from 'zod'

import { logBlock } from './log-block.ts'
import { defineTool, found, refused, type MockTool } from './mock-tool.ts'
import type { Scenario } from './scenario.ts'

export const slackTools = ({
  scenarios,
  log,
  now,
}: {
  readonly scenarios: readonly Scenario[]
  readonly log: (line: string) => void
  readonly now: () => number
}): readonly MockTool[] => {
  const channels = new Map(
    scenarios.flatMap(({ slack }) => slack.channels).map((channel) => [channel.name, channel]),
  )
  let posted = 0
  return [
    defineTool({
      name: 'post_message',
      title: 'Post message',
      description: 'Post a message to a Slack channel. Slack formatting (mrkdwn) is supported.',
      input: z.object({
        channel: z.string().min(1).describe('Channel name with its #, or channel id.'),
        text: z.string().min(1).max(40_000).describe('The message.'),
      }),
      readOnly: false,
      idempotent: false,
      run: ({ channel, text }) => {
        const target = channels.get(channel) ?? [...channels.values()].find(({ id }) => id === channel)
        if (target === undefined)
          return refused(`channel_not_found: "${channel}"; there are ${[...channels.keys()].join(', ')}`)
        posted += 1
        logBlock({ log, title: `SLACK MESSAGE to ${target.name}`, text })
        const ts = `${Math.floor(now() / 1000)}.${String(posted).padStart(6, '0')}`
        return found({ ok: true, channel: target.name, ts })
      },
    }),
    defineTool({
      name: 'list_channels',
      title: 'List channels',
      description: 'List the channels the bot may post to.',
      input: z.object({}),
      readOnly: true,
      idempotent: true,
      run: () => found({ channels: [...channels.values()] }),
    }),
  ]
}
