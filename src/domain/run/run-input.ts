// The input of a run: what the run gives, over the team's defaults, checked against what the team declares.

import type { SwarmTeamInputSpec, SwarmTeamSpec } from '../../api/v1alpha1/index.ts'
import { closestName } from '../closest-name.ts'
import type { FieldError } from '../error.ts'
import { fieldOf } from './check-pipeline.ts'

export type RunInput =
  | {
      readonly type: 'input'
      readonly values: Readonly<Record<string, string>>
      /** Declared, and without a value. */
      readonly optional: readonly string[]
    }
  | { readonly type: 'invalid'; readonly errors: readonly FieldError[] }

export const runInput = ({
  team,
  spec: { inputs: declared = [], input: teamInput = {} },
  given,
}: {
  readonly team: string
  readonly spec: Pick<SwarmTeamSpec, 'inputs' | 'input'>
  readonly given: Readonly<Record<string, string>>
}): RunInput => {
  const values: Record<string, string> = {}
  const errors: FieldError[] = []
  const optional: string[] = []
  const names = [...new Set([...declared.map(({ name }) => name), ...Object.keys(teamInput)])]

  for (const name of Object.keys(given)) {
    if (declared.length === 0 || names.includes(name)) continue
    const near = closestName(name, names)
    errors.push({
      path: `spec.input${fieldOf(name)}`,
      message: `SwarmTeam ${JSON.stringify(team)} has no input ${JSON.stringify(name)}`,
      remedy: near === undefined ? `its inputs are ${names.join(', ')}` : `did you mean ${near}?`,
    })
  }
  Object.assign(values, teamInput, given)
  for (const input of declared) {
    const { name, required = false } = input
    const value = own(values, name) ?? input.default
    if (value !== undefined) {
      values[name] = value
      const misfit = misfitOf(input, value)
      if (misfit !== undefined) errors.push({ path: `spec.input${fieldOf(name)}`, ...misfit })
    } else if (required) {
      const message = `SwarmTeam ${JSON.stringify(team)} requires the input ${JSON.stringify(name)}${about(input)}`
      errors.push({
        path: `spec.input${fieldOf(name)}`,
        message,
        remedy: `add ${name} to spec.input of the run`,
      })
    } else optional.push(name)
  }
  return errors.length > 0 ? { type: 'invalid', errors } : { type: 'input', values, optional }
}

const own = (values: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined

const about = ({ description }: SwarmTeamInputSpec): string =>
  description === undefined ? '' : ` (${description})`

const misfitOf = (
  { name, type = 'string' }: SwarmTeamInputSpec,
  value: string,
): Pick<FieldError, 'message' | 'remedy'> | undefined => {
  const misfit = (remedy: string) => ({
    message: `the input ${JSON.stringify(name)} must be ${article(type)}, and ${JSON.stringify(shown(value))} is not`,
    remedy,
  })
  switch (type) {
    case 'string':
      return undefined
    case 'number':
      return /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(value)
        ? undefined
        : misfit('write digits, such as "42"')
    case 'boolean':
      return value === 'true' || value === 'false' ? undefined : misfit('write "true" or "false"')
    case 'object':
    case 'array':
      return jsonKind(value) === type
        ? undefined
        : misfit(type === 'object' ? 'write JSON: {"key": "value"}' : 'write JSON: ["a", "b"]')
  }
}

const article = (type: string): string =>
  type === 'object' || type === 'array' ? `a JSON ${type}` : `a ${type}`
const shown = (value: string): string => (value.length > 60 ? `${value.slice(0, 60)}…` : value)

const jsonKind = (text: string): string => {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
  } catch {
    return 'none'
  }
}
