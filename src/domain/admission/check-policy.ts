// A SwarmPolicy, beyond what its schema can say: rules that can hold, and whom it finds.

import type { FieldError } from '../error.ts'
import type { SwarmPolicy } from '../../api/v1alpha1/index.ts'
import { policyViolations } from '../guardrail/policy-violations.ts'
import { expressionFaults } from '../run/output-rules.ts'
import type { AdmissionContext } from './context.ts'
import { uncheckedSteps } from './check-min-validation.ts'
import { separationFoundBy } from './check-separation.ts'
import { checkConstraints, checkDeny } from './check-tools.ts'
import { all, errors, type Findings, warnings } from './findings.ts'

const checkDenyPatterns = ({ spec }: SwarmPolicy): readonly FieldError[] =>
  (spec?.output?.denyPatterns ?? []).flatMap((pattern, index) =>
    expressionFaults(pattern, `spec.output.denyPatterns[${index}]`),
  )

const floorAboveCeiling = ({ spec }: SwarmPolicy): readonly FieldError[] => {
  const { minTimeoutSeconds, maxTimeoutSeconds } = spec?.limits ?? {}
  if (minTimeoutSeconds === undefined || maxTimeoutSeconds === undefined) return []
  if (minTimeoutSeconds <= maxTimeoutSeconds) return []
  return [
    {
      path: 'spec.limits.minTimeoutSeconds',
      message: `${minTimeoutSeconds} is above maxTimeoutSeconds ${maxTimeoutSeconds}: no agent can keep to both`,
      remedy: 'Lower the one or raise the other.',
    },
  ]
}

const emptyAllowance = ({ spec }: SwarmPolicy): readonly FieldError[] =>
  spec?.models?.allowed?.length === 0
    ? [
        {
          path: 'spec.models.allowed',
          message: 'the list is empty: no model may be used',
          remedy: 'Leave it out to allow every model.',
        },
      ]
    : []

/** Agents that are there already and ask for more. They keep running, within the policy. */
const outlawed = (policy: SwarmPolicy, { agents }: AdmissionContext): readonly FieldError[] =>
  [...agents.values()].flatMap((agent) =>
    policyViolations({ agent, policies: [policy] }).map(({ policyField, message }) => ({
      path: policyField,
      message: message.replace(`SwarmPolicy ${policy.metadata.name} ${policyField} `, ''),
      remedy: 'The agent keeps running, within the policy.',
    })),
  )

export const checkPolicy = ({
  policy,
  context,
}: {
  readonly policy: SwarmPolicy
  readonly context: AdmissionContext
}): Findings =>
  all([
    errors([
      ...checkDeny(policy.spec?.tools?.deny, 'spec.tools.deny'),
      ...checkConstraints(policy.spec?.tools?.constraints, 'spec.tools.constraints'),
      ...checkDenyPatterns(policy),
      ...floorAboveCeiling(policy),
    ]),
    warnings([
      ...emptyAllowance(policy),
      ...outlawed(policy, context),
      ...uncheckedSteps(policy, context),
      ...separationFoundBy(policy, context),
    ]),
  ])
