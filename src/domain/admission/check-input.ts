// Whether a run's input is what its team asks for: nothing required missing, nothing unknown, every text readable as
// its type.

import type { FieldError } from '../error.ts'
import { joinPath } from '../../api/field-path.ts'
import type { SwarmTeam, SwarmTeamInputSpec } from '../../api/v1alpha1/index.ts'
import { suggest } from './suggest.ts'

type Input = Readonly<Record<string, string>>

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether a text can be read as the type of an input. */
export const readableAs = (type: NonNullable<SwarmTeamInputSpec['type']>, text: string): boolean => {
  switch (type) {
    case 'string':
      return true
    case 'number':
      return typeof parsed(text) === 'number'
    case 'boolean':
      return text === 'true' || text === 'false'
    case 'array':
      return Array.isArray(parsed(text))
    case 'object': {
      const value = parsed(text)
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    }
  }
}

const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)

export const checkRunInput = ({
  team,
  input = {},
}: {
  readonly team: SwarmTeam
  readonly input: Input | undefined
}): readonly FieldError[] => {
  const { inputs = [], input: fallbacks = {} } = team.spec
  const declared = inputs.map(({ name }) => name)
  const missing = inputs.filter(
    ({ name, required, default: fallback }) =>
      required === true &&
      fallback === undefined &&
      !Object.hasOwn(input, name) &&
      !Object.hasOwn(fallbacks, name),
  )
  return [
    ...missing.map(({ name, description }) => ({
      path: joinPath('spec.input', name),
      message: `SwarmTeam "${team.metadata.name}" requires the input "${name}", and the run does not give it`,
      remedy: `Add ${name} to spec.input${description === undefined ? '' : ` (${description})`}.`,
    })),
    ...Object.entries(input).flatMap(([name, value]): readonly FieldError[] => {
      const path = joinPath('spec.input', name)
      const spec = inputs.find((each) => each.name === name)
      if (spec === undefined)
        return declared.length === 0 || Object.hasOwn(fallbacks, name)
          ? []
          : [
              {
                path,
                message: `SwarmTeam "${team.metadata.name}" has no input "${name}"`,
                remedy: suggest({ wanted: name, known: declared, noun: 'inputs' }),
              },
            ]
      const { type = 'string' } = spec
      return readableAs(type, value)
        ? []
        : [
            {
              path,
              message: `${shown(value)} is not readable as ${type}`,
              remedy: `Write it as a JSON ${type}.`,
            },
          ]
    }),
  ]
}

/** Defaults of a team must fit the types it declares. */
export const checkInputDefaults = ({ inputs = [], input = {} }: SwarmTeam['spec']): readonly FieldError[] =>
  inputs.flatMap(({ name, type = 'string', default: fallback }, index) =>
    [
      { path: `spec.inputs[${index}].default`, value: fallback },
      { path: joinPath('spec.input', name), value: input[name] },
    ].flatMap(({ path, value }) =>
      value === undefined || readableAs(type, value)
        ? []
        : [
            {
              path,
              message: `${shown(value)} is not readable as ${type}`,
              remedy: `Write it as a JSON ${type}.`,
            },
          ],
    ),
  )
