// Which inputs a run of a team has to bring. A team may declare none and still read some in its templates.

import type { SwarmTeamSpec } from '../../api/v1alpha1/index.ts'
import { parseTemplate } from '../template/parse.ts'
import { referencesOf } from '../template/references.ts'

/** In the order in which the team names them: declared as required, then read where nothing stands in for them. */
export const inputsToGive = ({
  inputs = [],
  input = {},
  pipeline = [],
  output,
}: Pick<SwarmTeamSpec, 'inputs' | 'input' | 'pipeline' | 'output'>): readonly string[] => {
  const templates = pipeline.flatMap((step) => [step.if, ...Object.values(step.inputs ?? {})])
  const given = new Set(Object.keys(input))
  for (const { name, default: otherwise, required } of inputs)
    if (otherwise !== undefined || required !== true) given.add(name)
  const wanted = [
    ...inputs.filter(({ required }) => required === true).map(({ name }) => name),
    ...[...templates, output].flatMap((text) => (text === undefined ? [] : readBy(text))),
  ]
  return [...new Set(wanted)].filter((name) => !given.has(name))
}

const readBy = (text: string): readonly string[] => {
  const parsed = parseTemplate(text)
  if (parsed.type === 'error') return []
  return referencesOf(parsed.template).flatMap(({ path: [root, name], guarded }) =>
    root === 'input' && name !== undefined && !guarded ? [name] : [],
  )
}
