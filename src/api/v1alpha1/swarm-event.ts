// SwarmEvent: what starts runs. A webhook, a schedule, or the end of another team's run.

import {
  aliasOf,
  choice,
  flag,
  integer,
  list,
  longInteger,
  object,
  optional,
  text,
  textMap,
  time,
  type TypeOf,
} from '../schema.ts'
import { ageColumn, type KindDefinition } from '../definition.ts'
import type { KubernetesObject } from '../resource.ts'
import { conditions, observedGeneration } from './conditions.ts'
import { type ApiVersion, swarmEvents } from './resources.ts'
import { teamPhases } from './swarm-team.ts'
import { WebhookSource } from './webhook-source.ts'

const concurrencyPolicies = ['Allow', 'Forbid', 'Replace'] as const

const TeamOutputSource = object('The end of another team’s run.', {
  name: text('SwarmTeam to follow.'),
  onPhase: optional(choice(teamPhases, 'Phase that fires.', { default: 'Succeeded' })),
})

const SwarmEventSource = object(
  'What is waited for.',
  {
    type: choice(['cron', 'webhook', 'team-output'], 'Kind of source.'),
    cron: optional(
      text('Schedule: minute, hour, day of month, month, day of week; or a word such as `@daily`.', {
        maxLength: 256,
      }),
    ),
    timeZone: optional(
      text('IANA time zone of the schedule, such as `Europe/Berlin`. Left out: UTC.', { maxLength: 64 }),
    ),
    startingDeadlineSeconds: optional(
      longInteger(
        'How late a time of the schedule may still start something, after a rest of the operator. Left out: the latest one always does.',
        { minimum: 0 },
      ),
    ),
    teamOutput: optional(TeamOutputSource),
    webhook: optional(WebhookSource),
  },
  {
    rules: [
      { rule: "!has(self.cron) || self.type == 'cron'", message: 'cron belongs to type: cron' },
      { rule: "self.type != 'cron' || has(self.cron)", message: 'type: cron needs cron' },
      { rule: "!has(self.timeZone) || self.type == 'cron'", message: 'timeZone belongs to type: cron' },
      {
        rule: "!has(self.startingDeadlineSeconds) || self.type == 'cron'",
        message: 'startingDeadlineSeconds belongs to type: cron',
      },
      { rule: "!has(self.webhook) || self.type == 'webhook'", message: 'webhook belongs to type: webhook' },
      {
        rule: "!has(self.teamOutput) || self.type == 'team-output'",
        message: 'teamOutput belongs to type: team-output',
      },
      {
        rule: "self.type != 'team-output' || has(self.teamOutput)",
        message: 'type: team-output needs teamOutput',
      },
    ],
  },
)

const SwarmEventTarget = object(
  'What is started.',
  {
    team: optional(text('SwarmTeam to run.')),
    agent: optional(text('SwarmAgent to run.')),
    prompt: optional(text('Template of the agent’s task.')),
    input: optional(textMap('Templates of the team’s inputs.')),
  },
  {
    aliases: { inputs: aliasOf('input', textMap('')) },
    rules: [
      { rule: 'has(self.team) != has(self.agent)', message: 'set exactly one of team and agent' },
      {
        rule: '!(has(self.inputs) && has(self.input))',
        message: 'inputs is another spelling of input: set one of the two',
      },
    ],
  },
)
export type SwarmEventTarget = TypeOf<typeof SwarmEventTarget>

export const SwarmEventSpecSchema = object('What starts runs, and which.', {
  source: SwarmEventSource,
  targets: list(SwarmEventTarget, 'What is started, one run each.', { minItems: 1, maxItems: 20 }),
  concurrencyPolicy: optional(
    choice(
      concurrencyPolicies,
      'What happens while an earlier run of the same target is unfinished: `Allow` starts another, `Forbid` none, `Replace` cancels the earlier one.',
      { default: 'Allow' },
    ),
  ),
  suspended: optional(flag('Start nothing until it is taken back.', { default: false })),
})
export type SwarmEventSpec = TypeOf<typeof SwarmEventSpecSchema>

const Drop = object('Deliveries that started nothing, for one reason.', {
  reason: text(
    'Why: `Duplicate`, `Filtered`, `OwnAction`, `TooOld`, `Resolved`, `Grouped`, `LoopBroken`, `Forbidden`, `Replaced`, `Refused` or `Quarantined`.',
  ),
  count: longInteger('How many.'),
  lastAt: optional(time('When the latest came.')),
  message: optional(text('What was said of the latest.')),
})

export const SwarmEventStatusSchema = object('What is known of the event.', {
  lastFiredAt: optional(time('When it last started something.')),
  nextFireAt: optional(time('When the schedule is next due.')),
  schedule: optional(text('The schedule in force, with its time zone.')),
  scheduleFrom: optional(
    time('Times of the schedule up to here are done with: fired, passed over, or before it was in force.'),
  ),
  firedCount: optional(longInteger('Deliveries that started something.')),
  droppedCount: optional(
    longInteger(
      'Deliveries that were accepted and started nothing: filtered, repeated, forbidden, not understood.',
    ),
  ),
  drops: optional(list(Drop, 'The same by reason.', { key: 'reason' })),
  waitingCount: optional(integer('Runs that are promised to senders and wait for others to end.')),
  waitingSince: optional(time('Since when the first of them waits.')),
  lastRunName: optional(text('Latest run.')),
  webhookURL: optional(text('Where to send deliveries.')),
  observedGeneration,
  conditions,
})
export type SwarmEventStatus = TypeOf<typeof SwarmEventStatusSchema>

export interface SwarmEvent extends KubernetesObject {
  readonly apiVersion: ApiVersion
  readonly kind: 'SwarmEvent'
  readonly spec: SwarmEventSpec
  readonly status?: SwarmEventStatus
}

export const swarmEventDefinition: KindDefinition = {
  resource: swarmEvents,
  singular: 'swarmevent',
  shortNames: ['swevt', 'swevts'],
  description:
    'A SwarmEvent starts runs: when a webhook is called, when a schedule is due, or when another team’s run ends.',
  spec: SwarmEventSpecSchema,
  specRequired: true,
  status: SwarmEventStatusSchema,
  columns: [
    { name: 'Type', type: 'string', jsonPath: '.spec.source.type', description: 'Kind of source.' },
    { name: 'Suspended', type: 'boolean', jsonPath: '.spec.suspended', description: 'Whether it rests.' },
    {
      name: 'Fired',
      type: 'integer',
      jsonPath: '.status.firedCount',
      description: 'Deliveries that started something.',
    },
    {
      name: 'Dropped',
      type: 'integer',
      jsonPath: '.status.droppedCount',
      description: 'Deliveries that started nothing.',
      priority: 1,
    },
    {
      name: 'Last Fired',
      type: 'date',
      jsonPath: '.status.lastFiredAt',
      description: 'Time since the last.',
    },
    {
      name: 'Next Fire',
      type: 'date',
      jsonPath: '.status.nextFireAt',
      description: 'When the schedule is next due.',
    },
    ageColumn,
  ],
}
