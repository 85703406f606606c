// The shape of a team: roles and steps exist once, steps name roles and steps that exist, and no step waits for
// itself.

import type { FieldError } from '../error.ts'
import type { SwarmTeamPipelineStep, SwarmTeamRole } from '../../api/v1alpha1/index.ts'
import { findCycle, graphSteps, type GraphStep } from './pipeline-graph.ts'
import { suggest } from './suggest.ts'

interface Shape {
  readonly roles?: readonly SwarmTeamRole[]
  readonly pipeline?: readonly SwarmTeamPipelineStep[]
}

const unknownRoles = ({ roles = [], pipeline = [] }: Shape): readonly FieldError[] => {
  const known = roles.map(({ name }) => name)
  return pipeline.flatMap(({ role }, index) =>
    known.includes(role)
      ? []
      : [
          {
            path: `spec.pipeline[${index}].role`,
            message: `there is no role "${role}"`,
            remedy: suggest({ wanted: role, known, noun: 'roles' }),
          },
        ],
  )
}

const duplicateSteps = (
  steps: readonly GraphStep[],
  pipeline: readonly SwarmTeamPipelineStep[],
): readonly FieldError[] =>
  steps.flatMap(({ name, index }) => {
    const first = steps.findIndex((step) => step.name === name)
    if (first === index) return []
    const named = pipeline[index]?.name !== undefined
    return [
      {
        path: `spec.pipeline[${index}].${named ? 'name' : 'role'}`,
        message: `step "${name}" already exists: spec.pipeline[${first}]`,
        remedy: 'Give one of the two steps another name (a step without a name is called like its role).',
      },
    ]
  })

const unknownDependencies = (steps: readonly GraphStep[]): readonly FieldError[] => {
  const known = steps.map(({ name }) => name)
  return steps.flatMap(({ name, index, dependsOn }) =>
    dependsOn.flatMap((wanted, position): readonly FieldError[] => {
      const path = `spec.pipeline[${index}].dependsOn[${position}]`
      if (wanted === name)
        return [{ path, message: `step "${name}" depends on itself`, remedy: 'Take it out of dependsOn.' }]
      if (known.includes(wanted)) return []
      return [
        {
          path,
          message: `there is no step "${wanted}"`,
          remedy: suggest({ wanted, known: known.filter((other) => other !== name), noun: 'steps' }),
        },
      ]
    }),
  )
}

const cycle = (steps: readonly GraphStep[]): readonly FieldError[] => {
  // A step that depends on itself has been named already.
  const found = findCycle(
    steps.map((step) => ({ ...step, dependsOn: step.dependsOn.filter((name) => name !== step.name) })),
  )
  if (found === undefined) return []
  return [
    {
      path: 'spec.pipeline',
      message: `the steps wait for each other: ${found.map((name) => `"${name}"`).join(' waits for ')}`,
      remedy: 'Take one of these steps out of the dependsOn of another.',
    },
  ]
}

export const checkPipeline = (shape: Shape): readonly FieldError[] => {
  const { pipeline = [] } = shape
  const steps = graphSteps(pipeline)
  return [
    ...unknownRoles(shape),
    ...duplicateSteps(steps, pipeline),
    ...unknownDependencies(steps),
    ...cycle(steps),
  ]
}
