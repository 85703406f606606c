// A SwarmTeam, beyond what its schema can say.

import type { FieldError } from '../error.ts'
import type { SwarmTeam } from '../../api/v1alpha1/index.ts'
import { checkPipeline } from '../run/check-pipeline.ts'
import { unsupportedParts } from '../run/supported.ts'
import type { AdmissionContext } from './context.ts'
import { checkMinValidation } from './check-min-validation.ts'
import { checkInputDefaults } from './check-input-defaults.ts'
import { checkReference } from './check-references.ts'
import { checkRequiredCalls } from './check-required-calls.ts'
import { checkTeamSeparation } from './check-separation.ts'
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

/** Runs of the team are refused for these, so its author should hear of them now. */
const notRunnable = (spec: SwarmTeam['spec']): readonly FieldError[] =>
  unsupportedParts(spec).map((part) => ({
    ...part,
    message: `runs of this team will be refused: ${part.message}`,
  }))

export const checkTeam = ({
  team,
  oldTeam,
  context,
}: {
  readonly team: SwarmTeam
  readonly oldTeam?: SwarmTeam | undefined
  readonly context: AdmissionContext
}): Findings => {
  const { spec } = team
  const { roles = [], inputs = [] } = spec
  return all([
    errors([
      ...twice(
        inputs.map(({ name }) => name),
        'spec.inputs',
      ),
      ...checkPipeline(spec),
      ...checkInputDefaults(team),
      ...roles.flatMap(({ tools }, index) => checkServers(tools, `spec.roles[${index}].tools`)),
    ]),
    warnings(notRunnable(spec)),
    checkRequiredCalls(spec, context),
    checkMinValidation(spec, context),
    checkTeamSeparation({ team: spec, oldTeam: oldTeam?.spec, context }),
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
