// Where policies of one namespace cannot be satisfied together: each is reasonable, and no agent can keep to all. The
// strictest holds all the same; this says so before somebody wonders why nothing runs.

import type { SwarmPolicy } from '../../api/v1alpha1/index.ts'
import { modelsOverlap } from './pattern-sets.ts'
import { combineTerms, noTerms, termsOf } from './policy-terms.ts'
import { describeRule } from './decision.ts'

/** One sentence each. */
export const policyConflicts = (policies: readonly SwarmPolicy[]): readonly string[] => {
  const { modelAllow, ceilings, minTimeoutSeconds } = policies
    .map((policy) => termsOf(policy))
    .reduce(combineTerms, noTerms)
  const { maxTimeoutSeconds, maxTokensPerCall, maxAnswerTokensPerCall } = ceilings
  const found: string[] = []
  for (const [index, list] of modelAllow.entries())
    for (const other of modelAllow.slice(index + 1)) {
      const [one, two] = [list[0]?.source, other[0]?.source]
      if (one === undefined || two === undefined) continue
      if (list.some((a) => other.some((b) => modelsOverlap(a.pattern, b.pattern)))) continue
      found.push(
        `${describeRule(listOf(one))} and ${describeRule(listOf(two))} have no model in common: no agent may ask a model`,
      )
    }
  if (
    minTimeoutSeconds !== undefined &&
    maxTimeoutSeconds !== undefined &&
    minTimeoutSeconds.value > maxTimeoutSeconds.value
  )
    found.push(
      `${describeRule(minTimeoutSeconds.source)} ${minTimeoutSeconds.value} is above ${describeRule(maxTimeoutSeconds.source)} ${maxTimeoutSeconds.value}: no agent can keep to both`,
    )
  if (
    maxTokensPerCall !== undefined &&
    maxAnswerTokensPerCall !== undefined &&
    maxAnswerTokensPerCall.value > maxTokensPerCall.value
  )
    found.push(
      `${describeRule(maxAnswerTokensPerCall.source)} ${maxAnswerTokensPerCall.value} can never be reached: ${describeRule(maxTokensPerCall.source)} allows ${maxTokensPerCall.value} for prompt and answer together`,
    )
  return found
}

const listOf = <T extends { readonly field: string }>(source: T): T => ({
  ...source,
  field: source.field.replace(/\[\d+\]$/, ''),
})
