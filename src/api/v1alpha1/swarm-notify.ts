// SwarmNotify: who is told. Channels, and which events go through them; teams and agents name it in `notifyRef`.

import {
  choice,
  described,
  flag,
  integer,
  list,
  longInteger,
  object,
  optional,
  text,
  time,
  type TypeOf,
} from '../schema.ts'
import { ageColumn, type KindDefinition } from '../definition.ts'
import type { KubernetesObject } from '../resource.ts'
import { conditions, observedGeneration } from './conditions.ts'
import { SecretKeySelector } from './references.ts'
import { type ApiVersion, swarmNotifies } from './resources.ts'

export const notifyEvents = [
  'TeamSucceeded',
  'TeamFailed',
  'TeamTimedOut',
  'BudgetWarning',
  'BudgetExceeded',
  'DailyLimitReached',
  'AgentDegraded',
] as const
export type NotifyEvent = (typeof notifyEvents)[number]

const WebhookHeader = object(
  'A header of every request.',
  {
    name: text('Name of the header.', { minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9-]+$' }),
    value: optional(text('Its value.', { maxLength: 4096 })),
    valueFrom: optional(described('Key of a Secret that holds the value.', SecretKeySelector)),
  },
  {
    rules: [
      { rule: 'has(self.value) != has(self.valueFrom)', message: 'set exactly one of value and valueFrom' },
    ],
  },
)

const WebhookChannelSpec = object(
  'A request to an HTTP endpoint.',
  {
    url: optional(text('Where to send.', { maxLength: 2048 })),
    urlFrom: optional(described('Key of a Secret that holds the URL.', SecretKeySelector)),
    method: optional(
      choice(['GET', 'POST', 'PUT', 'PATCH'], 'Method; GET sends no body.', { default: 'POST' }),
    ),
    headers: optional(list(WebhookHeader, 'Further headers.', { maxItems: 20 })),
    signingSecretFrom: optional(
      described(
        'Key of a Secret that holds a Standard Webhooks secret (`whsec_...`). With it every request is signed.',
        SecretKeySelector,
      ),
    ),
  },
  {
    rules: [{ rule: 'has(self.url) != has(self.urlFrom)', message: 'set exactly one of url and urlFrom' }],
  },
)
export type WebhookChannelSpec = TypeOf<typeof WebhookChannelSpec>

const SlackChannelSpec = object(
  'A Slack channel: by an incoming webhook, or as a bot, which can also keep one thread per incident and update it.',
  {
    webhookURLFrom: optional(
      described('Key of a Secret that holds the URL of an incoming webhook.', SecretKeySelector),
    ),
    botTokenFrom: optional(
      described('Key of a Secret that holds a bot token (scope `chat:write`).', SecretKeySelector),
    ),
    channel: optional(
      text('Channel to post to as a bot: its name with `#`, or its id.', { minLength: 1, maxLength: 256 }),
    ),
    apiURL: optional(
      text('Address of the Slack Web API, where it is not Slack’s own.', {
        default: 'https://slack.com/api',
        maxLength: 2048,
      }),
    ),
  },
  {
    rules: [
      {
        rule: 'has(self.webhookURLFrom) != has(self.botTokenFrom)',
        message: 'set exactly one of webhookURLFrom and botTokenFrom',
      },
      {
        rule: 'has(self.botTokenFrom) == has(self.channel)',
        message: 'botTokenFrom and channel go together',
      },
    ],
  },
)
export type SlackChannelSpec = TypeOf<typeof SlackChannelSpec>

const NotifyChannelSpec = object(
  'One way to tell.',
  {
    type: choice(['webhook', 'slack'], 'Kind of channel.'),
    webhook: optional(WebhookChannelSpec),
    slack: optional(SlackChannelSpec),
    template: optional(
      text('Template of the message (slack) or of the body (webhook). Left out: ours.', {
        maxLength: 16_384,
      }),
    ),
  },
  {
    rules: [
      { rule: "(self.type == 'webhook') == has(self.webhook)", message: 'webhook belongs to type: webhook' },
      { rule: "(self.type == 'slack') == has(self.slack)", message: 'slack belongs to type: slack' },
    ],
  },
)
export type NotifyChannelSpec = TypeOf<typeof NotifyChannelSpec>

export const SwarmNotifySpecSchema = object('Who is told of what.', {
  on: optional(
    list(
      choice(notifyEvents, 'An event.'),
      'What is told. Left out: all of it. Write `"on"` in quotes: YAML 1.1, which kubectl reads, takes a bare on for true.',
      { maxItems: 10 },
    ),
  ),
  channels: list(NotifyChannelSpec, 'Through which channels; each for itself.', {
    minItems: 1,
    maxItems: 20,
  }),
  rateLimitSeconds: optional(
    integer(
      'An event about the same team, agent or budget is told once in this time; what comes meanwhile is told together at its end. 0: each for itself.',
      { default: 300, minimum: 0 },
    ),
  ),
})
export type SwarmNotifySpec = TypeOf<typeof SwarmNotifySpecSchema>

const NotifyDispatchResult = object('The latest dispatch through one channel.', {
  channelIndex: integer('Which channel.'),
  lastFiredAt: optional(time('When it was tried.')),
  lastEvent: optional(choice(notifyEvents, 'What was told; left out for a test.')),
  succeeded: optional(flag('Whether the other side took it.')),
  error: optional(text('Why not.')),
})

export const SwarmNotifyStatusSchema = object('What came of it.', {
  lastDispatches: optional(list(NotifyDispatchResult, 'The latest dispatch of each channel.')),
  sentCount: optional(longInteger('Messages that were taken.')),
  waitingCount: optional(longInteger('Messages that wait: for their turn, or for another try.')),
  deadCount: optional(longInteger('Messages that were given up; they are kept.')),
  observedGeneration,
  conditions,
})
export type SwarmNotifyStatus = TypeOf<typeof SwarmNotifyStatusSchema>

export interface SwarmNotify extends KubernetesObject {
  readonly apiVersion: ApiVersion
  readonly kind: 'SwarmNotify'
  readonly spec: SwarmNotifySpec
  readonly status?: SwarmNotifyStatus
}

export const swarmNotifyDefinition: KindDefinition = {
  resource: swarmNotifies,
  singular: 'swarmnotify',
  shortNames: ['swnfy', 'swnfys'],
  description:
    'A SwarmNotify says who is told, and through which channels: how runs of a team end, and when agents and budgets are in trouble. Teams and agents name it in notifyRef.',
  spec: SwarmNotifySpecSchema,
  specRequired: true,
  status: SwarmNotifyStatusSchema,
  columns: [
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'Whether its channels can be used.',
    },
    {
      name: 'Sent',
      type: 'integer',
      jsonPath: '.status.sentCount',
      description: 'Messages that were taken.',
    },
    {
      name: 'Waiting',
      type: 'integer',
      jsonPath: '.status.waitingCount',
      description: 'Messages that wait.',
    },
    { name: 'Dead', type: 'integer', jsonPath: '.status.deadCount', description: 'Messages given up.' },
    ageColumn,
  ],
}
