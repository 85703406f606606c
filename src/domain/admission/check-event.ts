// A SwarmEvent, beyond what its schema can say.

import type { FieldError } from '../error.ts'
import { joinPath } from '../../api/field-path.ts'
import type { SwarmEvent, SwarmEventTarget } from '../../api/v1alpha1/index.ts'
import type { AdmissionContext } from './context.ts'
import { checkReference } from './check-references.ts'
import { checkEventTemplates } from './check-event-templates.ts'
import { all, errors, type Findings, warnings } from './findings.ts'
import { suggest } from './suggest.ts'
import { circleThrough } from '../trigger/event-loops.ts'
import { parseCron } from '../trigger/cron-schedule.ts'

const promptFits = ({ team, agent, prompt }: SwarmEventTarget, path: string): readonly FieldError[] => {
  if (agent !== undefined && (prompt ?? '').trim() === '')
    return [
      {
        path: `${path}.prompt`,
        message: `SwarmAgent "${agent}" is given no task`,
        remedy: 'Write a template of the task in prompt.',
      },
    ]
  if (team !== undefined && prompt !== undefined)
    return [
      {
        path: `${path}.prompt`,
        message: 'prompt belongs to agent; a team is given input',
        remedy: 'Move it into input.',
      },
    ]
  return []
}

/** The team may still change, so what does not fit today is a warning. */
const inputFits = (
  { team: name, input = {} }: SwarmEventTarget,
  path: string,
  { teams }: AdmissionContext,
): readonly FieldError[] => {
  const team = name === undefined ? undefined : teams.get(name)
  if (team === undefined) return []
  const { inputs = [], input: fallbacks = {} } = team.spec
  const known = [...inputs.map((each) => each.name), ...Object.keys(fallbacks)]
  return [
    ...inputs
      .filter(
        (each) =>
          each.required === true &&
          each.default === undefined &&
          !Object.hasOwn(input, each.name) &&
          !Object.hasOwn(fallbacks, each.name),
      )
      .map((each) => ({
        path: `${path}.input`,
        message: `SwarmTeam "${team.metadata.name}" requires the input "${each.name}", and the target does not give it: every run will fail`,
        remedy: `Add ${each.name}.`,
      })),
    ...(inputs.length === 0
      ? []
      : Object.keys(input)
          .filter((key) => !known.includes(key))
          .map((key) => ({
            path: joinPath(`${path}.input`, key),
            message: `SwarmTeam "${team.metadata.name}" has no input "${key}": every run will fail`,
            remedy: suggest({ wanted: key, known, noun: 'inputs' }),
          }))),
  ]
}

const scheduleFits = ({ cron, timeZone }: SwarmEvent['spec']['source']): readonly FieldError[] => {
  if (cron === undefined) return []
  const parsed = parseCron({ cron, timeZone })
  return parsed.type === 'error'
    ? [{ path: 'spec.source.cron', message: parsed.message, remedy: parsed.remedy }]
    : []
}

const closesNoCircle = (event: SwarmEvent, { events }: AdmissionContext): readonly FieldError[] => {
  const circle = circleThrough(event, events)
  if (circle === undefined) return []
  return [
    {
      path: 'spec.source.teamOutput.name',
      message: `starts a circle of teams without end: ${circle.join(' → ')}`,
      remedy: 'Let the end of another team start it, or start something else.',
    },
  ]
}

export const checkEvent = ({
  event,
  context,
}: {
  readonly event: SwarmEvent
  readonly context: AdmissionContext
}): Findings =>
  all([
    errors(checkEventTemplates(event.spec)),
    errors(scheduleFits(event.spec.source)),
    errors(closesNoCircle(event, context)),
    checkReference({
      kind: 'SwarmTeam',
      name: event.spec.source.teamOutput?.name,
      path: 'spec.source.teamOutput.name',
      context,
    }),
    ...event.spec.targets.map((target, index) => {
      const path = `spec.targets[${index}]`
      return all([
        errors(promptFits(target, path)),
        warnings(inputFits(target, path, context)),
        checkReference({ kind: 'SwarmTeam', name: target.team, path: `${path}.team`, context }),
        checkReference({ kind: 'SwarmAgent', name: target.agent, path: `${path}.agent`, context }),
      ])
    }),
  ])
