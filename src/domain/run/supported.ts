// What a team may ask for that cannot be done yet. Saying so before the first token is better than leaving out a
// check, a limit or a step that the author counts on.

import type { SwarmTeamPipelineStep, SwarmTeamRole, SwarmTeamSpec } from '../../api/v1alpha1/index.ts'
import type { FieldError } from '../error.ts'
import { fieldOf } from './check-pipeline.ts'

export const unsupportedParts = (spec: SwarmTeamSpec): readonly FieldError[] => [
  ...teamParts(spec),
  ...(spec.roles ?? []).flatMap((role, index) => roleParts(role, `spec.roles[${index}]`)),
  ...(spec.pipeline ?? []).flatMap((step, index) => stepParts(step, `spec.pipeline[${index}]`)),
]

const notYet = (path: string, what: string, remedy: string): FieldError => ({
  path,
  message: `not yet supported: ${what}`,
  remedy,
})

const REMOVE = 'remove the field'

const teamParts = (spec: SwarmTeamSpec): readonly FieldError[] => {
  const pipeline = 'write the order of the roles as spec.pipeline'
  const errors: FieldError[] = []
  if (spec.routing !== undefined) errors.push(notYet('spec.routing', 'routed teams', pipeline))
  else if (spec.search !== undefined) errors.push(notYet('spec.search', 'search', pipeline))
  else if ((spec.pipeline ?? []).length === 0) {
    errors.push(
      notYet('spec.pipeline', 'teams without a pipeline (roles that delegate to each other)', pipeline),
    )
  }
  if (spec.maxDailyTokens !== undefined) {
    const remedy =
      'set limits.maxDailyTokens in a SwarmPolicy, or guardrails.limits.dailyTokens of each agent'
    errors.push(notYet('spec.maxDailyTokens', 'a daily limit of one team', remedy))
  }
  if (spec.budgetRef !== undefined) {
    errors.push(notYet('spec.budgetRef', 'budgets in money', 'use limits.maxDailyTokens of a SwarmPolicy'))
  }
  if (hasContextPolicy(spec.defaultContextPolicy)) {
    errors.push(
      notYet('spec.defaultContextPolicy', 'shortening what later steps see', 'use trunc in the templates'),
    )
  }
  return errors
}

const roleParts = (role: SwarmTeamRole, path: string): readonly FieldError[] => {
  const remedy = 'make a SwarmAgent and name it in swarmAgent'
  if (role.swarmTeam !== undefined) return [notYet(`${path}.swarmTeam`, 'a team as a role', remedy)]
  if (role.swarmAgent !== undefined) return []
  if (role.model !== undefined || role.prompt !== undefined) {
    return [
      notYet(
        `${path}.${role.model === undefined ? 'prompt' : 'model'}`,
        'agents described in a role',
        remedy,
      ),
    ]
  }
  return [
    { path: `${path}.swarmAgent`, message: `nobody plays the role ${JSON.stringify(role.name)}`, remedy },
  ]
}

const stepParts = (step: SwarmTeamPipelineStep, path: string): readonly FieldError[] => {
  const fields: readonly (readonly [keyof SwarmTeamPipelineStep, string, string])[] = [
    ['loop', 'loops', 'write the repetitions as steps'],
    ['registryLookup', 'finding agents by capability', 'name the agent in the role'],
    ['outputArtifacts', 'files left behind by steps', REMOVE],
    ['inputArtifacts', 'files given to steps', REMOVE],
  ]
  return [
    ...fields.flatMap(([field, what, remedy]) =>
      isSet(step[field]) ? [notYet(`${path}${fieldOf(field)}`, what, remedy)] : [],
    ),
    ...(isSet(step.validate?.semantic)
      ? [
          notYet(
            `${path}.validate.semantic`,
            'outputs judged by a model',
            'add a step that judges the output',
          ),
        ]
      : []),
    ...(hasContextPolicy(step.contextPolicy)
      ? [notYet(`${path}.contextPolicy`, 'shortening what later steps see', 'use trunc in the templates')]
      : []),
  ]
}

const isSet = (value: unknown): boolean =>
  value !== undefined && !(Array.isArray(value) && value.length === 0) && !isEmptyObject(value)
const isEmptyObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0

const hasContextPolicy = (policy: { readonly strategy?: string | undefined } | undefined): boolean =>
  policy?.strategy !== undefined && policy.strategy !== 'full'
