import { expect, test } from 'vitest'
import type { SwarmAgent, SwarmPolicy } from '../../api/v1alpha1/index.ts'
import { describeRule } from './decision.ts'
import { effectivePolicy } from './merge-policies.ts'
import { outputDenied, stepDenied } from './output-gate.ts'

const agent: SwarmAgent = {
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmAgent',
  metadata: { name: 'a', namespace: 'n' },
  spec: { model: 'm', prompt: { inline: 'x' } },
}
const policyOf = (output: NonNullable<SwarmPolicy['spec']>['output']) =>
  effectivePolicy({
    agent,
    policies: [
      {
        apiVersion: 'kubeswarm.io/v1alpha1',
        kind: 'SwarmPolicy',
        metadata: { name: 'p', namespace: 'n' },
        spec: { output },
      } as SwarmPolicy,
    ],
  })

test('an output that matches is denied by the rule that says so, and what matched is not repeated', () => {
  const policy = policyOf({ denyPatterns: ['harmless', 'AKIA[0-9A-Z]{16}'] })
  const denied = outputDenied({ policy, output: 'The key is AKIA1234567890ABCDEF.' })
  expect(denied && describeRule(denied.rule)).toBe(
    'SwarmPolicy p spec.output.denyPatterns[1] "AKIA[0-9A-Z]{16}"',
  )
  expect(denied?.message).not.toContain('AKIA1234567890ABCDEF')
  expect(outputDenied({ policy, output: 'The key is safe.' })).toBeUndefined()
})

test('F69: an expression that cannot be read forbids every output', () => {
  expect(outputDenied({ policy: policyOf({ denyPatterns: ['('] }), output: 'x' })).toMatchObject({
    type: 'denied',
  })
})

test('F94: no expression stalls', () => {
  const policy = policyOf({ denyPatterns: ['^(a+)+$', '(x+x+)+y'] })
  expect(outputDenied({ policy, output: `${'a'.repeat(20_000)}${'x'.repeat(20_000)}` })).toBeUndefined()
})

test.each([
  ['none', 'none', true],
  ['pattern', 'none', false],
  ['pattern', 'pattern', true],
  ['pattern', 'schema', true],
  ['schema', 'pattern', false],
  ['schema', 'schema', true],
  ['semantic', 'schema', false],
] as const)('where %s is demanded, a step checked by %s may run: %s', (minValidation, level, allowed) => {
  const policy = policyOf({ minValidation })
  expect(stepDenied({ policy, step: 's', level }) === undefined).toBe(allowed)
})
