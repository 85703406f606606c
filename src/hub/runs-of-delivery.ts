// From a delivery to the runs it starts: names that follow from the delivery's identity, inputs rendered from its
// body. Pure; the body is data and is never read as a template.

import { createHash } from 'node:crypto'
import { KubeswarmError } from '../domain/error.ts'
import { parseTemplate } from '../domain/template/parse.ts'
import { renderTemplate } from '../domain/template/render.ts'
import type { WebhookEvent, WebhookTarget } from '../ports/event-catalog.ts'
import type { InboxEntry } from '../ports/inbox.ts'

interface Delivery {
  readonly namespace: string
  readonly event: string
  readonly delivery: string
  readonly firedAt: string
  /** Parsed JSON. */
  readonly body: unknown
}

/** Throws `TemplateError`, naming the target and the field. */
export const runsOfDelivery = ({
  event: { uid, targets },
  delivery,
}: {
  readonly event: WebhookEvent
  readonly delivery: Delivery
}): InboxEntry['runs'] => {
  const base = runName({ event: delivery.event, uid, delivery: delivery.delivery })
  return targets.map((target, index) => {
    const name = targets.length === 1 ? base : `${base}-${index}`
    return { name, target: index, manifest: manifestOf({ name, target, index, delivery }) }
  })
}

/** Room for the hash and a target's number within the 63 characters of a label value. */
const LONGEST_EVENT_PART = 49

/** The event's uid is part of it: an event that was deleted and made anew starts new runs. */
const runName = ({
  event,
  uid,
  delivery,
}: {
  readonly event: string
  readonly uid: string
  readonly delivery: string
}): string => {
  const hash = createHash('sha256').update(`${uid}\n${delivery}`).digest('hex').slice(0, 10)
  return `${event.slice(0, LONGEST_EVENT_PART).replace(/[.-]+$/, '')}-${hash}`
}

const manifestOf = ({
  name,
  target,
  index,
  delivery,
}: {
  readonly name: string
  readonly target: WebhookTarget
  readonly index: number
  readonly delivery: Delivery
}): unknown => {
  const { namespace, event, firedAt, body } = delivery
  const data = { trigger: { body, name: event, firedAt }, body }
  const rendered = (field: string, text: string): string =>
    render({ text, data, field: `spec.targets[${index}].${field}`, event: `${namespace}/${event}` })
  const input = Object.entries(target.input ?? {}).map(([key, text]) => [key, rendered(`input.${key}`, text)])
  return {
    apiVersion: 'kubeswarm.io/v1alpha1',
    kind: 'SwarmRun',
    metadata: {
      name,
      namespace,
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
      ...(target.prompt === undefined ? {} : { prompt: rendered('prompt', target.prompt) }),
      ...(input.length === 0 ? {} : { input: Object.fromEntries(input) as Record<string, string> }),
    },
  }
}

const render = ({
  text,
  data,
  field,
  event,
}: {
  readonly text: string
  readonly data: unknown
  readonly field: string
  readonly event: string
}): string => {
  const parsed = parseTemplate(text)
  if (parsed.type === 'error') throw templateError({ field, event, ...parsed.errors[0] })
  const result = renderTemplate({ template: parsed.template, data })
  if (result.type === 'error') throw templateError({ field, event, ...result })
  return result.text
}

const templateError = ({
  field,
  event,
  message = 'the template is not valid',
  position,
  remedy,
}: {
  readonly field: string
  readonly event: string
  readonly message?: string
  readonly position?: { readonly line: number; readonly column: number }
  readonly remedy?: string
}): KubeswarmError =>
  new KubeswarmError({
    code: 'TemplateError',
    message: `cannot start the runs of SwarmEvent ${event}: ${field}${position === undefined ? '' : `, line ${position.line}, column ${position.column}`}: ${message}`,
    remedy: remedy ?? 'correct the template, or give it a default for what this body does not have',
  })
