// Templates of teams and events: their syntax, and whether the steps and inputs they name will be there when they are
// rendered.

import type { FieldError } from '../error.ts'
import { joinPath } from '../../api/field-path.ts'
import type { SwarmEvent, SwarmTeam } from '../../api/v1alpha1/index.ts'
import { checkTemplate, type KnownData, type KnownRoot, openRoot } from '../template/check.ts'
import { parseTemplate } from '../template/parse.ts'
import { ancestors, graphSteps, stepName } from './pipeline-graph.ts'

const stepFields: ReadonlyMap<string, 'text' | 'open'> = new Map([
  ['output', 'text'],
  ['rawOutput', 'text'],
  ['status', 'text'],
  ['data', 'open'],
  ['artifacts', 'open'],
])

const check = (path: string, text: string | undefined, known: KnownData): readonly FieldError[] => {
  if (text === undefined) return []
  const parsed = parseTemplate(text)
  const found = parsed.type === 'error' ? parsed.errors : checkTemplate({ template: parsed.template, known })
  return found.map(({ message, remedy, position }) => ({
    path,
    message: `template: ${message}`,
    ...(remedy === undefined ? {} : { remedy }),
    position,
  }))
}

/** Inputs a run of the team may have: the declared ones and those with a value. Undeclared: any. */
const inputRoot = ({ inputs, input = {} }: SwarmTeam['spec']): KnownRoot => ({
  noun: 'input',
  ...(inputs === undefined || inputs.length === 0
    ? {}
    : { names: [...new Set([...inputs.map(({ name }) => name), ...Object.keys(input)])] }),
  mayMiss: true,
  has: 'text',
})

export const checkTeamTemplates = (spec: SwarmTeam['spec']): readonly FieldError[] => {
  const { pipeline = [], output, search } = spec
  const steps = graphSteps(pipeline)
  const before = ancestors(steps)
  const input = inputRoot(spec)

  const stepsRoot = (name: string, itself: boolean): KnownRoot => {
    const reached = new Set(before.get(name))
    if (itself) reached.add(name)
    const unreached = steps.filter((step) => !reached.has(step.name))
    return {
      noun: 'step',
      names: steps.map((step) => step.name),
      has: stepFields,
      unusable: new Map(
        unreached.map((other) => [
          other.name,
          other.name === name
            ? {
                message: `step "${name}" cannot use its own output`,
                remedy: 'Use the output of an earlier step.',
              }
            : {
                message: `step "${name}" uses the output of step "${other.name}" and does not wait for it`,
                remedy: `Add "${other.name}" to dependsOn of step "${name}".`,
              },
        ]),
      ),
    }
  }

  return [
    ...pipeline.flatMap((step, index) => {
      const path = `spec.pipeline[${index}]`
      const name = stepName(step)
      const known: KnownData = new Map([
        ['input', input],
        ['steps', stepsRoot(name, false)],
      ])
      const repeated: KnownData = new Map([
        ['input', input],
        ['steps', stepsRoot(name, true)],
      ])
      return [
        ...Object.entries(step.inputs ?? {}).flatMap(([key, text]) =>
          check(joinPath(path, 'inputs', key), text, known),
        ),
        ...check(`${path}.if`, step.if, known),
        ...check(`${path}.loop.condition`, step.loop?.condition, repeated),
      ]
    }),
    ...check(
      'spec.output',
      output,
      new Map([
        ['input', input],
        ['steps', { noun: 'step', names: steps.map(({ name }) => name), has: stepFields }],
      ]),
    ),
    ...check('spec.search.initialPrompt', search?.initialPrompt, new Map([['input', input]])),
  ]
}

/** `.body` and `.output` are short for `.trigger.body` and `.trigger.output`. */
const triggerData: KnownData = new Map([
  ['trigger', { noun: 'trigger field', names: ['name', 'firedAt', 'output', 'body'] }],
  ['body', openRoot],
  ['output', openRoot],
])

export const checkEventTemplates = ({ source, targets }: SwarmEvent['spec']): readonly FieldError[] => [
  ...check('spec.source.webhook.dedupKey', source.webhook?.dedupKey, triggerData),
  ...check('spec.source.webhook.filter', source.webhook?.filter, triggerData),
  ...targets.flatMap(({ prompt, input = {} }, index) => [
    ...check(`spec.targets[${index}].prompt`, prompt, triggerData),
    ...Object.entries(input).flatMap(([key, text]) =>
      check(joinPath(`spec.targets[${index}].input`, key), text, triggerData),
    ),
  ]),
]
