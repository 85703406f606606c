// Whether the steps of a team are checked as thoroughly as each policy demands (`SwarmPolicy spec.output.minValidation`).
// At run time a step that is not fails before its model is asked, whatever the mode of the policy.

import type { FieldError } from '../error.ts'
import type { SwarmPolicy, SwarmTeam } from '../../api/v1alpha1/index.ts'
import { describeRule } from '../guardrail/decision.ts'
import { isLessThorough, termsOf } from '../guardrail/policy-terms.ts'
import { checkOutputRules, levelOf, outputRulesOf } from '../run/output-rules.ts'
import type { AdmissionContext } from './context.ts'
import { all, errors, type Findings, noFindings, warnings } from './findings.ts'

type Pipeline = Pick<SwarmTeam['spec'], 'pipeline'>

const unchecked = ({ pipeline = [] }: Pipeline, policy: SwarmPolicy): readonly FieldError[] => {
  const demand = termsOf(policy).minValidation
  if (demand === undefined) return []
  return pipeline.flatMap((step, index) => {
    // What cannot be read is spoken of elsewhere.
    const level = checkOutputRules(step, '').length > 0 ? 'none' : levelOf(outputRulesOf(step))
    if (!isLessThorough(level, demand.level)) return []
    return [
      {
        path: `spec.pipeline[${index}]`,
        message: `its output is checked by ${level === 'none' ? 'nothing' : level}, and ${describeRule(demand.source)} demands ${demand.level}`,
        remedy:
          demand.level === 'pattern'
            ? 'Set validate or outputSchema.'
            : 'Set outputSchema or validate.schema.',
      },
    ]
  })
}

export const checkMinValidation = (team: Pipeline, { policies }: AdmissionContext): Findings =>
  all(
    policies.map((policy) => {
      const found = unchecked(team, policy)
      switch (policy.spec?.enforcementMode ?? 'Audit') {
        case 'Enforce':
          return errors(found)
        case 'Warn':
          return warnings(found)
        case 'Audit':
          return noFindings
      }
    }),
  )

/** Teams that are there already and are not checked so far. */
export const uncheckedSteps = (policy: SwarmPolicy, { teams }: AdmissionContext): readonly FieldError[] =>
  [...teams.values()].flatMap(({ metadata, spec }) =>
    unchecked(spec, policy).map(({ path, message }) => ({
      path: 'spec.output.minValidation',
      message: `SwarmTeam ${metadata.name} ${path}: ${message}`,
      remedy: 'Its runs fail at that step.',
    })),
  )
