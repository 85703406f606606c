// What can be known to be wrong with a team before anything runs: its roles, the order of its steps, its templates.
// Admission and the start of a run ask the same questions here. Whether agents exist is not one of them: they may be
// applied later than the team.

import type { SwarmTeamPipelineStep, SwarmTeamSpec } from '../../api/v1alpha1/index.ts'
import { closestName } from '../closest-name.ts'
import type { FieldError } from '../error.ts'
import { checkTemplate } from '../template/check.ts'
import type { KnownData, KnownRoot } from '../template/check.ts'
import { parseTemplate } from '../template/parse.ts'
import { checkOutputRules } from './output-rules.ts'
import { findCycle, stepsBefore } from './pipeline-order.ts'
import type { Ordered } from './pipeline-order.ts'
import { stepFields } from './run-data.ts'

export interface PipelineFault extends FieldError {
  readonly reason: 'InvalidPipeline' | 'TemplateError'
}

export type PipelineSpec = Pick<SwarmTeamSpec, 'roles' | 'pipeline' | 'output' | 'inputs' | 'input'>

/** `inputs`: what templates find under `.input`; by default what the team says of its inputs. */
export const checkPipeline = (
  spec: PipelineSpec,
  { inputs = inputsOf(spec) }: { readonly inputs?: KnownRoot } = {},
): readonly PipelineFault[] => {
  const steps = orderedSteps(spec)
  const structure = [...checkRoles(spec), ...checkSteps(spec, steps)]
  return [...structure, ...checkTemplates(spec, steps, inputs)]
}

export const stepName = ({ name, role }: Pick<SwarmTeamPipelineStep, 'name' | 'role'>): string => name ?? role

export const orderedSteps = ({ pipeline = [] }: Pick<PipelineSpec, 'pipeline'>): readonly Ordered[] =>
  pipeline.map((step) => ({ name: stepName(step), dependsOn: step.dependsOn ?? [] }))

/** A team that declares inputs is given these and no others; one that declares none takes any. */
export const inputsOf = ({ inputs = [], input = {} }: Pick<PipelineSpec, 'inputs' | 'input'>): KnownRoot =>
  inputs.length === 0
    ? { noun: 'input', has: 'text' }
    : {
        noun: 'input',
        has: 'text',
        names: [...new Set([...inputs.map(({ name }) => name), ...Object.keys(input)])],
      }

const fault = (path: string, message: string, remedy?: string): PipelineFault => ({
  reason: 'InvalidPipeline',
  path,
  message,
  ...(remedy === undefined ? {} : { remedy }),
})

const suggest = (wanted: string, names: readonly string[], list: string): string => {
  const near = closestName(wanted, names)
  if (near !== undefined) return `did you mean ${near}?`
  return names.length === 0 ? `there are no ${list}` : `${list} are ${names.join(', ')}`
}

const checkRoles = ({ roles = [] }: PipelineSpec): readonly PipelineFault[] =>
  roles.flatMap(({ name }, index) =>
    roles.findIndex((other) => other.name === name) === index
      ? []
      : [
          fault(
            `spec.roles[${index}].name`,
            `there is another role ${JSON.stringify(name)}`,
            'give each role a name of its own',
          ),
        ],
  )

const checkSteps = (
  { roles = [], pipeline = [] }: PipelineSpec,
  steps: readonly Ordered[],
): readonly PipelineFault[] => {
  const faults: PipelineFault[] = []
  const roleNames = roles.map(({ name }) => name)
  const names = steps.map(({ name }) => name)
  pipeline.forEach((step, index) => {
    const path = `spec.pipeline[${index}]`
    for (const found of checkOutputRules(step, path)) faults.push({ reason: 'InvalidPipeline', ...found })
    const name = stepName(step)
    if (!roleNames.includes(step.role)) {
      const message = `there is no role ${JSON.stringify(step.role)} in spec.roles`
      faults.push(fault(`${path}.role`, message, suggest(step.role, roleNames, 'roles')))
    }
    if (names.indexOf(name) !== index) {
      const message = `there is another step ${JSON.stringify(name)}`
      const remedy =
        step.name === undefined
          ? 'give this step a name: the role is its name otherwise'
          : 'give each step a name of its own'
      faults.push(fault(`${path}.name`, message, remedy))
    }
    step.dependsOn?.forEach((before, position) => {
      const place = `${path}.dependsOn[${position}]`
      if (before === name) faults.push(fault(place, 'a step cannot depend on itself', 'remove it'))
      else if (!names.includes(before)) {
        const message = `there is no step ${JSON.stringify(before)}`
        faults.push(fault(place, message, suggest(before, names, 'steps')))
      }
    })
  })
  const cycle = findCycle(
    steps.map(({ name, dependsOn }) => ({ name, dependsOn: dependsOn.filter((before) => before !== name) })),
  )
  if (cycle !== undefined) {
    const index = names.indexOf(cycle[0] ?? '')
    const message = `the steps wait for each other: ${cycle.join(' → ')}`
    faults.push(fault(`spec.pipeline[${index}].dependsOn`, message, 'break the circle'))
  }
  return faults
}

const checkTemplates = (
  { pipeline = [], output }: PipelineSpec,
  steps: readonly Ordered[],
  input: KnownRoot,
): readonly PipelineFault[] => {
  const names = steps.map(({ name }) => name)
  const faults = pipeline.flatMap((step, index) => {
    const name = stepName(step)
    const before = stepsBefore(steps, name)
    const known = knownData({ input, steps: stepsKnown(name, names, before) })
    const path = `spec.pipeline[${index}]`
    const texts: readonly (readonly [string, string | undefined])[] = [
      ...Object.entries(step.inputs ?? {}).map(
        ([key, text]) => [`${path}.inputs${fieldOf(key)}`, text] as const,
      ),
      [`${path}.if`, step.if],
    ]
    return texts.flatMap(([field, text]) => (text === undefined ? [] : checkText(field, text, known)))
  })
  if (output === undefined) return faults
  const all: KnownRoot = { noun: 'step', names, has: stepFields }
  return [...faults, ...checkText('spec.output', output, knownData({ input, steps: all }))]
}

const knownData = (roots: Readonly<Record<'input' | 'steps', KnownRoot>>): KnownData =>
  new Map(Object.entries(roots))

const stepsKnown = (name: string, names: readonly string[], before: ReadonlySet<string>): KnownRoot => ({
  noun: 'step',
  names: [...before],
  has: stepFields,
  unusable: new Map(
    names
      .filter((other) => !before.has(other))
      .map((other) => [
        other,
        other === name
          ? { message: 'a step cannot read its own output', remedy: 'read the output of a step before it' }
          : {
              message: `the step ${JSON.stringify(other)} may not be done when ${JSON.stringify(name)} starts`,
              remedy: `add ${JSON.stringify(other)} to its dependsOn`,
            },
      ]),
  ),
})

const checkText = (path: string, text: string, known: KnownData): readonly PipelineFault[] => {
  const parsed = parseTemplate(text)
  const errors = parsed.type === 'error' ? parsed.errors : checkTemplate({ template: parsed.template, known })
  return errors.map(({ message, remedy, position }) => ({
    reason: 'TemplateError',
    path,
    message,
    ...(remedy === undefined ? {} : { remedy }),
    position,
  }))
}

/** `.alert`, or `[my key]` where a dot would mislead. */
export const fieldOf = (key: string): string => (/^[\w-]+$/.test(key) ? `.${key}` : `[${key}]`)
