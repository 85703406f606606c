import { expect, test } from 'vitest'
import type { SwarmPolicy } from '../../api/v1alpha1/index.ts'
import { policyConflicts } from './policy-conflicts.ts'

const policies = (...specs: readonly NonNullable<SwarmPolicy['spec']>[]): readonly SwarmPolicy[] =>
  specs.map((spec, index) => ({
    apiVersion: 'kubeswarm.io/v1alpha1',
    kind: 'SwarmPolicy',
    metadata: { name: `p${index}`, namespace: 'n' },
    spec,
  }))

test.each([
  {
    reason: 'lists of models with nothing in common',
    conflict: true,
    specs: [{ models: { allowed: ['qwen*'] } }, { models: { allowed: ['gpt-*', 'claude-*'] } }],
  },
  {
    reason: 'lists of models that meet',
    conflict: false,
    specs: [{ models: { allowed: ['qwen*'] } }, { models: { allowed: ['*:7b'] } }],
  },
  {
    reason: 'lists of models, one of everything',
    conflict: false,
    specs: [{ models: { allowed: ['*'] } }, { models: { allowed: ['org/qwen'] } }],
  },
  {
    reason: 'a floor above the ceiling of another',
    conflict: true,
    specs: [{ limits: { minTimeoutSeconds: 100 } }, { limits: { maxTimeoutSeconds: 60 } }],
  },
  {
    reason: 'a floor below it',
    conflict: false,
    specs: [{ limits: { minTimeoutSeconds: 10 } }, { limits: { maxTimeoutSeconds: 60 } }],
  },
  {
    reason: 'an answer longer than a whole call',
    conflict: true,
    specs: [{ limits: { maxAnswerTokensPerCall: 100 } }, { limits: { maxTokensPerCall: 60 } }],
  },
  { reason: 'nothing at all', conflict: false, specs: [] },
] as const)('$reason: a conflict is $conflict', ({ conflict, specs }) => {
  const found = policyConflicts(policies(...specs))
  expect(found.length > 0).toBe(conflict)
  for (const sentence of found)
    expect(sentence).toMatch(/SwarmPolicy p0 .*SwarmPolicy p1 |SwarmPolicy p1 .*SwarmPolicy p0 /)
})
