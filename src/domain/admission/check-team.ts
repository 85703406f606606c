// A SwarmTeam, beyond what its schema can say.

import type { FieldError } from '../error.ts'
import type { SwarmTeam } from '../../api/v1alpha1/index.ts'
import type { AdmissionContext } from './context.ts'
import { checkInputDefaults } from './check-input.ts'
import { checkPipeline } from './check-pipeline.ts'
import { checkReference } from './check-references.ts'
import { checkTeamTemplates } from './check-templates.ts'
import { checkRequiredCalls } from './check-required-calls.ts'
import { checkServers } from './check-tools.ts'
import { all, errors, type Findings, warnings } from './findings.ts'

const twice = (names: readonly string[], path: string): readonly FieldError[] =>
  names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [
          {
            path: `${path}[${index}].name`,
            message: `the name "${name}" is taken by ${path}[${names.indexOf(name)}]`,
            remedy: 'Give each its own name.',
          },
        ],
  )

const unplayedRoles = ({ roles = [] }: SwarmTeam['spec']): readonly FieldError[] =>
  roles.flatMap(({ name, swarmAgent, swarmTeam, model }, index) =>
    swarmAgent === undefined && swarmTeam === undefined && model === undefined
      ? [
          {
            path: `spec.roles[${index}]`,
            message: `nobody plays the role "${name}"`,
            remedy: 'Name a SwarmAgent in swarmAgent.',
          },
        ]
      : [],
  )

const withoutPipeline = ({ pipeline = [], routing, search }: SwarmTeam['spec']): readonly FieldError[] =>
  pipeline.length > 0 || routing !== undefined || search !== undefined
    ? []
    : [
        {
          path: 'spec.pipeline',
          message: 'a team without a pipeline does not run in this version',
          remedy: 'List the steps in spec.pipeline.',
        },
      ]

export const checkTeam = ({
  team,
  context,
}: {
  readonly team: SwarmTeam
  readonly context: AdmissionContext
}): Findings => {
  const { spec } = team
  const { roles = [], inputs = [] } = spec
  const pipeline = checkPipeline(spec)
  return all([
    errors([
      ...twice(
        roles.map(({ name }) => name),
        'spec.roles',
      ),
      ...twice(
        inputs.map(({ name }) => name),
        'spec.inputs',
      ),
      ...pipeline,
      ...checkTeamTemplates(spec),
      ...checkInputDefaults(spec),
      ...roles.flatMap(({ tools }, index) => checkServers(tools, `spec.roles[${index}].tools`)),
    ]),
    warnings([...unplayedRoles(spec), ...withoutPipeline(spec)]),
    checkRequiredCalls(spec, context),
    ...roles.map(({ swarmAgent }, index) =>
      checkReference({
        kind: 'SwarmAgent',
        name: swarmAgent,
        path: `spec.roles[${index}].swarmAgent`,
        context,
      }),
    ),
    ...roles.map(({ swarmTeam }, index) =>
      checkReference({ kind: 'SwarmTeam', name: swarmTeam, path: `spec.roles[${index}].swarmTeam`, context }),
    ),
  ])
}
