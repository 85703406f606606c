// The webhook part of a SwarmEvent: who may send, what two deliveries have in common, and how many runs a storm of
// them may start.

import { choice, described, integer, object, optional, text, texts, type TypeOf } from '../schema.ts'
import { LocalObjectReference } from './references.ts'

export const webhookPresets = [
  'pagerduty',
  'alertmanager',
  'grafana',
  'github',
  'standard-webhooks',
  'cloudevents',
] as const
export const signatureSchemes = ['bearer', 'standard-webhooks', 'pagerduty', 'github', 'slack'] as const

export const defaultMaxUnfinished = 50
export const defaultRunsPerHour = 10
export const defaultMaxAgeSeconds = 86_400

const Signature = object('How a sender proves who it is.', {
  scheme: optional(
    choice(
      signatureSchemes,
      '`bearer` takes the token in the Authorization header, the others sign the body. Left out: as the preset says, else `bearer`.',
    ),
  ),
  secretRef: optional(
    described(
      'Secret with the shared secret under key `secret`, or as its only key; a second one under `previous` is accepted as well while senders change over. Left out: the token that was made for this event.',
      LocalObjectReference,
    ),
  ),
})

const Storm = object('How many runs many deliveries may start.', {
  groupSeconds: optional(
    integer(
      'A delivery that comes so soon after one about the same subject that started runs joins those runs.',
      { default: 0, minimum: 0, maximum: 86_400 },
    ),
  ),
  runsPerHour: optional(
    integer(
      'Deliveries about one subject that start runs within an hour. More start nothing: they are probably caused by the runs.',
      { default: defaultRunsPerHour, minimum: 1 },
    ),
  ),
  maxUnfinished: optional(
    integer('Runs of this event that may be unfinished at a time. Further ones wait, in order.', {
      default: defaultMaxUnfinished,
      minimum: 1,
    }),
  ),
  scope: optional(
    choice(
      ['event', 'subject'],
      'Which earlier runs concurrencyPolicy looks at: `event` all of the same target, `subject` those about the same subject. With `subject` and `Allow`, a later run waits for the earlier one.',
      { default: 'event' },
    ),
  ),
})

export const WebhookSource = object('What senders send, and how they prove who they are.', {
  preset: optional(
    choice(
      webhookPresets,
      'A known sender: makes `.trigger.alert`, and decides signature, dedupKey, subjectKey and filter where they are left out.',
    ),
  ),
  signature: optional(Signature),
  dedupKey: optional(
    text(
      'Template of the delivery’s identity: a second delivery with the same one starts nothing. Left out: the sender’s delivery id; where there is none, every delivery is another.',
      { maxLength: 1024 },
    ),
  ),
  subjectKey: optional(
    text(
      'Template of what the delivery is about, for storm limits: the incident, the alert group. Left out: as the preset says.',
      { maxLength: 1024 },
    ),
  ),
  filter: optional(
    text(
      'Template; a delivery for which it gives an empty text, `false`, `0` or `no` starts nothing. Left out: as the preset says.',
      { maxLength: 4096 },
    ),
  ),
  ignoreActors: optional(
    texts(
      'Who caused the delivery, as the sender names them (id, name or login): what these did starts nothing. Name your agents’ own accounts.',
      { maxItems: 50 },
    ),
  ),
  maxAgeSeconds: optional(
    integer('A delivery about something that happened longer ago starts nothing.', {
      default: defaultMaxAgeSeconds,
      minimum: 1,
    }),
  ),
  storm: optional(Storm),
})
export type WebhookSource = TypeOf<typeof WebhookSource>
