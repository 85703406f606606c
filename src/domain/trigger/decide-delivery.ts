// What becomes of a delivery whose sender is proven: read, identified, and either starts the runs of its event's targets
// or does not, with the reason. Nothing in it is evaluated, and nothing is lost: what cannot be read is kept.

import { createHash } from 'node:crypto'
import { defaultMaxAgeSeconds, defaultRunsPerHour } from '../../api/v1alpha1/index.ts'
import type { SwarmEventTarget, WebhookSource } from '../../api/v1alpha1/index.ts'
import { isKubeswarmError } from '../error.ts'
import { truthy } from '../template/truthy.ts'
import { Unfit } from './body-reader.ts'
import type { AlertReading } from './presets/preset.ts'
import { presets } from './presets.ts'
import { readJson, utf8 } from './read-json.ts'
import { renderField } from './render-field.ts'
import { runsOfDelivery, templateData, type PromisedRun, type TriggerData } from './runs-of-delivery.ts'
import { coversDeliveryId, signsBody, type HeaderReader, type SignatureScheme } from './signature.ts'
import type { Drop, StormLimits, Subject } from './weigh.ts'

/** What decides about the deliveries of one event. */
export interface WebhookRules {
  readonly namespace: string
  readonly event: string
  readonly uid: string
  readonly webhook: WebhookSource
  readonly targets: readonly SwarmEventTarget[]
}

export interface DecidedDelivery {
  readonly type: 'delivery'
  readonly delivery: string
  /** What templates saw as `.trigger`. */
  readonly trigger: TriggerData
  readonly runs: readonly PromisedRun[]
  readonly subject?: Subject
  readonly storm?: StormLimits
  readonly dropped?: Drop
}

export type DeliveryDecision =
  | DecidedDelivery
  /** Slack asks whether the address is ours. */
  | { readonly type: 'challenge'; readonly challenge: string }

export const schemeOf = ({ preset, signature }: WebhookSource): SignatureScheme =>
  signature?.scheme ?? (preset === undefined ? 'bearer' : presets[preset].scheme)

export const decideDelivery = ({
  rules,
  header,
  body,
  now,
  newId,
}: {
  readonly rules: WebhookRules
  readonly header: HeaderReader
  readonly body: Uint8Array
  readonly now: number
  /** Of a delivery whose sender gives none. */
  readonly newId: () => string
}): DeliveryDecision => {
  const { namespace, event, uid, webhook, targets } = rules
  const firedAt = new Date(now).toISOString()
  const scheme = schemeOf(webhook)
  let trigger: TriggerData = { name: event, firedAt, body: {} }
  let delivery = signsBody(scheme) ? bodyId(body) : (headerId(header) ?? bodyId(body))
  let subject: Subject | undefined

  const decided = (rest: {
    readonly runs?: readonly PromisedRun[]
    readonly dropped?: Drop
  }): DecidedDelivery => ({
    type: 'delivery',
    delivery,
    trigger,
    runs: [],
    ...(subject === undefined ? {} : { subject, storm: stormOf(webhook) }),
    ...rest,
  })
  const quarantined = (message: string, remedy?: string): DecidedDelivery =>
    decided({
      dropped: {
        reason: 'Quarantined',
        message,
        ...(remedy === undefined ? {} : { remedy }),
        body: utf8(body) ?? `base64:${Buffer.from(body).toString('base64')}`,
      },
    })
  const rendered = (field: string, text: string): string =>
    renderField({
      text,
      data: templateData(trigger),
      field: `spec.source.webhook.${field}`,
      event: `${namespace}/${event}`,
    }).trim()

  const json = readJson({ body, contentType: header('content-type') })
  if (json.type === 'unreadable') return quarantined(json.message, json.remedy)
  trigger = { ...trigger, body: json.object }
  if (scheme === 'slack' && json.object['type'] === 'url_verification')
    return { type: 'challenge', challenge: String(json.object['challenge'] ?? '') }
  try {
    const reading =
      webhook.preset === undefined ? undefined : presets[webhook.preset].read({ body: json.object, header })
    const signedId = reading?.type === 'alert' ? reading.id : undefined
    delivery = identity({ scheme, header, body, signedId, newId })
    if (reading?.type === 'greeting')
      return decided({ dropped: { reason: 'Filtered', message: reading.message } })
    trigger = { ...trigger, id: delivery, ...(reading === undefined ? {} : { alert: reading.alert }) }
    if (webhook.dedupKey !== undefined) {
      delivery = `key:${rendered('dedupKey', webhook.dedupKey)}`
      trigger = { ...trigger, id: delivery }
    }
    const key =
      webhook.subjectKey === undefined ? reading?.alert.id : rendered('subjectKey', webhook.subjectKey)
    if (key !== undefined && key !== '') {
      subject = subjectOf({ key, reading })
      trigger = { ...trigger, subject: key }
    }
    const dropped =
      ownAction({ webhook, reading }) ??
      tooOld({ webhook, reading, now }) ??
      filtered({ webhook, reading, rendered })
    if (dropped !== undefined) return decided({ dropped })
    return decided({
      runs: runsOfDelivery({ targets, firing: { namespace, event, uid, delivery, trigger } }),
    })
  } catch (error) {
    if (error instanceof Unfit)
      return quarantined(
        `${error.message}; the preset ${webhook.preset} reads it`,
        'is the sender the one that spec.source.webhook.preset names?',
      )
    if (isKubeswarmError(error) && error.code === 'TemplateError')
      return quarantined(error.message, error.remedy)
    throw error
  }
}

const ID_HEADERS = ['webhook-id', 'x-webhook-id', 'x-github-delivery', 'idempotency-key'] as const
const LONGEST_ID = 200

/**
 * What makes two deliveries the same one. Where the sender signs, only what is signed counts: an id that is not could
 * be changed by who replays the rest.
 */
const identity = ({
  scheme,
  header,
  body,
  signedId,
  newId,
}: {
  readonly scheme: SignatureScheme
  readonly header: HeaderReader
  readonly body: Uint8Array
  readonly signedId: string | undefined
  readonly newId: () => string
}): string => {
  if (signedId !== undefined && signedId !== '') return short('id', signedId)
  if (signsBody(scheme) && !coversDeliveryId(scheme)) return bodyId(body)
  return headerId(header) ?? `once:${newId()}`
}

const headerId = (header: HeaderReader): string | undefined => {
  for (const name of ID_HEADERS) {
    const value = header(name)?.trim()
    // The header is part of it: two senders' ids are not compared with each other.
    if (value !== undefined && value !== '') return short(name, value)
  }
  return undefined
}

const short = (kind: string, id: string): string => {
  const whole = `${kind}:${id}`
  return whole.length <= LONGEST_ID
    ? whole
    : `${kind}:sha256:${createHash('sha256').update(id).digest('hex')}`
}

const bodyId = (body: Uint8Array): string => `body:${createHash('sha256').update(body).digest('hex')}`

const stormOf = ({ storm }: WebhookSource): StormLimits => ({
  groupSeconds: storm?.groupSeconds ?? 0,
  runsPerHour: storm?.runsPerHour ?? defaultRunsPerHour,
})

const subjectOf = ({
  key,
  reading,
}: {
  readonly key: string
  readonly reading: AlertReading | undefined
}): Subject => {
  const occurredAt = Date.parse(reading?.occurredAt ?? '')
  return {
    key,
    ...(Number.isFinite(occurredAt) ? { occurredAt } : {}),
    ...(reading?.alert.status === 'resolved' ? { resolves: true } : {}),
  }
}

const ownAction = ({
  webhook: { ignoreActors = [] },
  reading,
}: {
  readonly webhook: WebhookSource
  readonly reading: AlertReading | undefined
}): Drop | undefined => {
  const own = reading?.actors.find((actor) => actor !== '' && ignoreActors.includes(actor))
  return own === undefined
    ? undefined
    : { reason: 'OwnAction', message: `${reading?.alert.type} was caused by "${own}" (ignoreActors)` }
}

const tooOld = ({
  webhook: { maxAgeSeconds = defaultMaxAgeSeconds },
  reading,
  now,
}: {
  readonly webhook: WebhookSource
  readonly reading: AlertReading | undefined
  readonly now: number
}): Drop | undefined => {
  const occurredAt = Date.parse(reading?.occurredAt ?? '')
  if (!(now - occurredAt > maxAgeSeconds * 1000)) return undefined
  return {
    reason: 'TooOld',
    message: `it happened at ${reading?.occurredAt}, more than ${maxAgeSeconds} s ago (maxAgeSeconds)`,
  }
}

const filtered = ({
  webhook: { filter },
  reading,
  rendered,
}: {
  readonly webhook: WebhookSource
  readonly reading: AlertReading | undefined
  readonly rendered: (field: string, text: string) => string
}): Drop | undefined => {
  if (filter === undefined)
    return reading === undefined || reading.starts
      ? undefined
      : { reason: 'Filtered', message: `${reading.unless} (the preset's filter)` }
  const text = rendered('filter', filter)
  return truthy(text)
    ? undefined
    : { reason: 'Filtered', message: `the filter gave ${JSON.stringify(text.slice(0, 80))}` }
}
