// From a firing to the runs it starts: names that follow from what fired, inputs rendered from what it brought.
// Pure; what it brought is data and is never read as a template.

import { createHash } from 'node:crypto'
import type { SwarmEventTarget } from '../../api/v1alpha1/index.ts'
import type { Alert } from './alert.ts'
import { renderField } from './render-field.ts'

/** What targets of an event see as `.trigger`. */
export interface TriggerData {
  /** Of the event. */
  readonly name: string
  /** RFC 3339. */
  readonly firedAt: string
  /** What a sender sent, parsed. */
  readonly body?: unknown
  /** The same as every sender's alert looks, where a preset reads it. */
  readonly alert?: Alert
  /** What the delivery is about. */
  readonly subject?: string
  /** Of the delivery. */
  readonly id?: string
  /** Output of the run whose end fired. */
  readonly output?: string
  /** That run, and how it ended. */
  readonly run?: {
    readonly name: string
    readonly phase: string
    readonly reason: string
    readonly message: string
  }
}

/** On runs that the end of another started. */
export const chainAnnotation = 'kubeswarm.io/chain'

export interface Firing {
  readonly namespace: string
  readonly event: string
  /** Of the event. Part of the names: an event that was deleted and made anew starts new runs. */
  readonly uid: string
  /** What makes two firings the same one. */
  readonly delivery: string
  readonly trigger: TriggerData
  /** How many runs in a row have started each other so far, with this one. */
  readonly chain?: number
}

/** A run that was promised; its name is its key. */
export interface PromisedRun {
  readonly name: string
  /** Index of the target. */
  readonly target: number
  readonly manifest: unknown
}

/** Throws `TemplateError`, naming the target and the field. */
export const runsOfDelivery = ({
  targets,
  firing,
}: {
  readonly targets: readonly SwarmEventTarget[]
  readonly firing: Firing
}): readonly PromisedRun[] => {
  const base = runName(firing)
  return targets.map((target, index) => {
    const name = targets.length === 1 ? base : `${base}-${index}`
    return { name, target: index, manifest: manifestOf({ name, target, index, firing }) }
  })
}

/** What templates see; `.body` and `.output` are short for the same below `.trigger`. */
export const templateData = (trigger: TriggerData): unknown => {
  const { body, output } = trigger
  return {
    trigger,
    ...(body === undefined ? {} : { body }),
    ...(output === undefined ? {} : { output }),
  }
}

/** Room for the hash and a target's number within the 63 characters of a label value. */
const LONGEST_EVENT_PART = 44
/** 60 bits: two of a million deliveries share a name once in two million times. */
const HASH_DIGITS = 15

const runName = ({ event, uid, delivery }: Firing): string => {
  const hash = createHash('sha256').update(`${uid}\n${delivery}`).digest('hex').slice(0, HASH_DIGITS)
  return `${event.slice(0, LONGEST_EVENT_PART).replace(/[.-]+$/, '')}-${hash}`
}

const manifestOf = ({
  name,
  target,
  index,
  firing: { namespace, event, uid, delivery, trigger, chain },
}: {
  readonly name: string
  readonly target: SwarmEventTarget
  readonly index: number
  readonly firing: Firing
}): unknown => {
  const data = templateData(trigger)
  const rendered = (field: string, text: string, untrusted?: { readonly nonce: string }): string =>
    renderField({
      text,
      data,
      field: `spec.targets[${index}].${field}`,
      event: `${namespace}/${event}`,
      ...(untrusted === undefined ? {} : { untrusted }),
    })
  // An agent reads its prompt as it is. A sender knows the delivery, and not the uid.
  const nonce = createHash('sha256')
    .update(JSON.stringify([uid, delivery, index]))
    .digest('hex')
    .slice(0, 16)
  const input = Object.entries(target.input ?? {}).map(([key, text]) => [key, rendered(`input.${key}`, text)])
  return {
    apiVersion: 'kubeswarm.io/v1alpha1',
    kind: 'SwarmRun',
    metadata: {
      name,
      namespace,
      ...(chain === undefined ? {} : { annotations: { [chainAnnotation]: String(chain) } }),
      labels: {
        ...(event.length <= 63 ? { 'kubeswarm.io/event': event } : {}),
        ...(target.team !== undefined && target.team.length <= 63
          ? { 'kubeswarm.io/team': target.team }
          : {}),
      },
    },
    spec: {
      ...(target.team === undefined ? {} : { teamRef: target.team }),
      ...(target.agent === undefined ? {} : { agent: target.agent }),
      ...(target.prompt === undefined ? {} : { prompt: rendered('prompt', target.prompt, { nonce }) }),
      ...(input.length === 0 ? {} : { input: Object.fromEntries(input) as Record<string, string> }),
    },
  }
}
