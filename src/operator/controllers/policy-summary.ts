// All policies of a namespace as one, for people to read in the status. What agents are held to is computed apart, per
// agent, with the origin of every rule (`domain/guardrail/merge-policies.ts`).

import type { PolicyLimits, SwarmPolicy, SwarmPolicyStatus } from '../../api/v1alpha1/index.ts'
import { combineTerms, noTerms, termsOf } from '../../domain/guardrail/policy-terms.ts'

type Summary = NonNullable<SwarmPolicyStatus['effectivePolicy']>

const modes = ['Audit', 'Warn', 'Enforce'] as const
const longestList = 100
const longestPatternList = 50

export const summarisePolicies = (policies: readonly SwarmPolicy[]): Summary => {
  const specs = policies.map(({ spec }) => spec ?? {})
  const limits = specs.map((spec) => spec.limits ?? {}).reduce(stricter, {})
  const toolDeny = union(specs.map((spec) => spec.tools?.deny))
  const denied = union(specs.map((spec) => spec.models?.denied))
  const allowLists = specs.flatMap((spec) =>
    spec.models?.allowed === undefined ? [] : [spec.models.allowed],
  )
  const [first, ...others] = allowLists
  const allowed = first?.filter((pattern) => others.every((list) => list.includes(pattern)))
  const enforcementMode = modes.findLast((mode) =>
    specs.some((spec) => (spec.enforcementMode ?? 'Audit') === mode),
  )
  const { separation, forcedTrust, minValidation } = policies
    .map((policy) => termsOf(policy))
    .reduce(combineTerms, noTerms)
  const denyPatterns = union(specs.map((spec) => spec.output?.denyPatterns)).slice(0, longestPatternList)
  const demanded = (['budgetRef', 'audit', 'allowList'] as const).filter((name) =>
    specs.some((spec) => spec.requirements?.[name] === true),
  )
  const requirements = {
    ...Object.fromEntries(demanded.map((name) => [name, true])),
    ...(separation === undefined ? {} : { separation: separation.mode }),
  }
  return {
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(toolDeny.length === 0 ? {} : { toolDeny }),
    ...(allowed === undefined && denied.length === 0
      ? {}
      : {
          models: {
            ...(allowed === undefined ? {} : { allowed }),
            ...(denied.length === 0 ? {} : { denied }),
          },
        }),
    ...(forcedTrust === undefined ? {} : { forceTrustLevel: forcedTrust.level }),
    ...(minValidation === undefined ? {} : { minValidation: minValidation.level }),
    ...(denyPatterns.length === 0 ? {} : { denyPatterns }),
    ...(Object.keys(requirements).length === 0 ? {} : { requirements }),
    ...(enforcementMode === undefined ? {} : { enforcementMode }),
  }
}

const union = (lists: readonly (readonly string[] | undefined)[]): readonly string[] =>
  [...new Set(lists.flatMap((list) => list ?? []))].toSorted().slice(0, longestList)

const stricter = (a: PolicyLimits, b: PolicyLimits): PolicyLimits => {
  const merged: Record<string, number> = { ...a }
  for (const [field, value] of Object.entries(b)) {
    const other = merged[field]
    const choose = field.startsWith('min') ? Math.max : Math.min
    merged[field] = other === undefined ? value : choose(other, value)
  }
  return merged
}
