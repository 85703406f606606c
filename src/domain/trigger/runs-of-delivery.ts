// From a firing to the runs it starts: names that follow from what fired, inputs rendered from what it brought.
// Pure; what it brought is data and is never read as a template.

import { createHash } from 'node:crypto'
import type { SwarmEventTarget } from '../../api/v1alpha1/index.ts'
import { KubeswarmError } from '../error.ts'
import { parseTemplate } from '../template/parse.ts'
import { renderTemplate } from '../template/render.ts'

/** What targets of an event see as `.trigger`. */
export interface TriggerData {
  /** Of the event. */
  readonly name: string
  /** RFC 3339. */
  readonly firedAt: string
  /** What a sender sent, parsed. */
  readonly body?: unknown
  /** Output of the run whose end fired. */
  readonly output?: string
}

export interface Firing {
  readonly namespace: string
  readonly event: string
  /** Of the event. Part of the names: an event that was deleted and made anew starts new runs. */
  readonly uid: string
  /** What makes two firings the same one. */
  readonly delivery: string
  readonly trigger: TriggerData
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

/** Room for the hash and a target's number within the 63 characters of a label value. */
const LONGEST_EVENT_PART = 49

const runName = ({ event, uid, delivery }: Firing): string => {
  const hash = createHash('sha256').update(`${uid}\n${delivery}`).digest('hex').slice(0, 10)
  return `${event.slice(0, LONGEST_EVENT_PART).replace(/[.-]+$/, '')}-${hash}`
}

const manifestOf = ({
  name,
  target,
  index,
  firing: { namespace, event, trigger },
}: {
  readonly name: string
  readonly target: SwarmEventTarget
  readonly index: number
  readonly firing: Firing
}): unknown => {
  const { body, output } = trigger
  const data = {
    trigger,
    ...(body === undefined ? {} : { body }),
    ...(output === undefined ? {} : { output }),
  }
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
