// What an event would make of a delivery, found with the functions the hub decides with; nothing is sent or stored.

import type { SwarmAgent, SwarmEvent, SwarmRun, SwarmTeam } from '../api/v1alpha1/index.ts'
import type { Alert } from '../domain/trigger/alert.ts'
import { decideDelivery, schemeOf, type DecidedDelivery } from '../domain/trigger/decide-delivery.ts'
import { presets, type PresetName } from '../domain/trigger/presets.ts'
import { proofHeaders } from '../domain/trigger/sign.ts'
import { isProven, type SignatureScheme } from '../domain/trigger/signature.ts'
import { secretNameOf } from './session/event.ts'
import type { SampleDelivery } from './webhook-samples.ts'

export interface Trial {
  readonly event: string
  readonly delivery: string
  readonly signature: {
    readonly scheme: SignatureScheme
    readonly secret: string
    /** `accepted` and `refused` for a proof that came with the delivery; `makeable` where we could make one. */
    readonly verdict: 'accepted' | 'refused' | 'makeable' | 'unknown'
  }
  /** `Started`, or why not. */
  readonly outcome: string
  readonly message?: string
  readonly remedy?: string
  readonly dedupKey: string
  readonly subject?: string
  readonly alert?: Alert
  readonly runs: readonly {
    readonly target: string
    readonly missing?: string
    readonly input: Readonly<Record<string, string>>
    readonly prompt?: string
  }[]
  /** A preset that would read this delivery, where the event has none. */
  readonly better?: { readonly preset: PresetName; readonly alert: Alert }
}

export const tryDelivery = ({
  event,
  namespace,
  delivery: { name, body, headers },
  id,
  now,
  secrets,
  teams,
  agents,
}: {
  readonly event: SwarmEvent
  readonly namespace: string
  readonly delivery: SampleDelivery
  readonly id: string
  readonly now: number
  /** Those in force; undefined where they cannot be read. */
  readonly secrets: readonly string[] | undefined
  readonly teams: ReadonlyMap<string, SwarmTeam>
  readonly agents: ReadonlyMap<string, SwarmAgent>
}): Trial => {
  const { source, targets } = event.spec
  const webhook = source.webhook ?? {}
  const scheme = schemeOf(webhook)
  const decide = (rules: typeof webhook, runsOf = targets): DecidedDelivery | undefined => {
    // Who signs an id sends it: what the proof brings is part of the delivery.
    const [secret = 'x'] = secrets ?? []
    const sent = { ...proofHeaders({ scheme: schemeOf(rules), secret, body, id, now }), ...headers }
    const decision = decideDelivery({
      rules: {
        namespace,
        event: event.metadata.name,
        uid: event.metadata.uid ?? '',
        webhook: rules,
        targets: runsOf,
      },
      header: (each) => (sent as Readonly<Record<string, string>>)[each],
      body,
      now,
      newId: () => 'a new one for each delivery',
    })
    return decision.type === 'delivery' ? decision : undefined
  }
  const decided = decide(webhook)
  const better = webhook.preset === undefined ? betterPreset({ name, decide, webhook }) : undefined
  return {
    event: `${namespace}/${event.metadata.name}`,
    delivery: name,
    signature: {
      scheme,
      secret: secretNameOf(event),
      verdict: verdictOf({ scheme, secrets, headers, body, now }),
    },
    outcome: decided === undefined ? 'Challenge' : (decided.dropped?.reason ?? 'Started'),
    ...(decided?.dropped === undefined ? {} : { message: decided.dropped.message }),
    ...(decided?.dropped?.remedy === undefined ? {} : { remedy: decided.dropped.remedy }),
    dedupKey: decided?.delivery ?? '',
    ...(decided?.subject === undefined ? {} : { subject: decided.subject.key }),
    ...(decided?.trigger.alert === undefined ? {} : { alert: decided.trigger.alert }),
    runs: (decided?.runs ?? []).map(({ manifest }) => {
      const { spec } = manifest as SwarmRun
      const target = spec.teamRef === undefined ? `SwarmAgent ${spec.agent}` : `SwarmTeam ${spec.teamRef}`
      const known = spec.teamRef === undefined ? agents.has(spec.agent ?? '') : teams.has(spec.teamRef)
      return {
        target,
        ...(known ? {} : { missing: `${target} does not exist in namespace ${namespace}` }),
        input: spec.input ?? {},
        ...(spec.prompt === undefined ? {} : { prompt: spec.prompt }),
      }
    }),
    ...(better === undefined ? {} : { better }),
  }
}

const proofs: Readonly<Record<SignatureScheme, string>> = {
  bearer: 'authorization',
  pagerduty: 'x-pagerduty-signature',
  github: 'x-hub-signature-256',
  slack: 'x-slack-signature',
  'standard-webhooks': 'webhook-signature',
}

const verdictOf = ({
  scheme,
  secrets,
  headers,
  body,
  now,
}: {
  readonly scheme: SignatureScheme
  readonly secrets: readonly string[] | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly now: number
}): Trial['signature']['verdict'] => {
  if (secrets === undefined || secrets.length === 0) return 'unknown'
  if (headers[proofs[scheme]] === undefined) return 'makeable'
  return isProven({ scheme, secrets, header: (name) => headers[name], body, now }) ? 'accepted' : 'refused'
}

/** The preset that a sample is made for, or that reads the body. */
const betterPreset = ({
  name,
  decide,
  webhook,
}: {
  readonly name: string
  readonly decide: (rules: SwarmEventWebhook, targets: readonly never[]) => DecidedDelivery | undefined
  readonly webhook: SwarmEventWebhook
}): Trial['better'] => {
  const known = Object.keys(presets) as readonly PresetName[]
  const own = known.filter((preset) => name.startsWith(`${preset}-`))
  for (const preset of own.length > 0 ? own : known) {
    const alert = decide({ ...webhook, preset, filter: 'true' }, [])?.trigger.alert
    if (alert !== undefined) return { preset, alert }
  }
  return undefined
}

type SwarmEventWebhook = NonNullable<SwarmEvent['spec']['source']['webhook']>
