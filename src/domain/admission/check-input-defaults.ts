// Whether the values a team gives its own inputs are readable as the types it declares: otherwise every run that relies
// on them fails.

import type { FieldError } from '../error.ts'
import type { SwarmTeam } from '../../api/v1alpha1/index.ts'
import { runInput } from '../run/run-input.ts'

export const checkInputDefaults = ({ metadata, spec }: SwarmTeam): readonly FieldError[] => {
  const { inputs = [], input = {} } = spec
  return inputs.flatMap((declared, index) => {
    const misfits = (given: Readonly<Record<string, string>>): readonly FieldError[] => {
      const result = runInput({
        team: metadata.name,
        spec: { inputs: [{ ...declared, required: false }] },
        given,
      })
      return result.type === 'invalid' ? result.errors : []
    }
    const { name } = declared
    const value = Object.hasOwn(input, name) ? input[name] : undefined
    return [
      ...misfits({}).map((error) => ({ ...error, path: `spec.inputs[${index}].default` })),
      ...(value === undefined ? [] : misfits({ [name]: value })),
    ]
  })
}
