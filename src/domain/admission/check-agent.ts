// A SwarmAgent, beyond what its schema can say.

import type { FieldError } from '../error.ts'
import type { SwarmAgent } from '../../api/v1alpha1/index.ts'
import { policyViolations, type Violation } from '../guardrail/policy-violations.ts'
import type { AdmissionContext } from './context.ts'
import { all, errors, type Findings, warnings } from './findings.ts'
import { checkAgentSeparation } from './check-separation.ts'
import { checkSettingsOf } from './check-settings.ts'
import { checkPermissions, checkServers } from './check-tools.ts'

const kibibyte = 1024
const bytesOf = (text: string): number => new TextEncoder().encode(text).length

/** An object of the cluster may hold about a megabyte in all, and a model reads the whole prompt every time. */
const checkPromptSize = ({ inline }: SwarmAgent['spec']['prompt'], path: string): Findings => {
  const size = bytesOf(inline ?? '') / kibibyte
  const finding = (remedy: string): readonly FieldError[] => [
    { path, message: `the prompt has ${Math.round(size)} KiB`, remedy },
  ]
  if (size > 512) return errors(finding('Keep it below 512 KiB.'))
  if (size > 50) return warnings(finding('Each model call pays for it: keep it below 50 KiB.'))
  if (inline?.trim() === '')
    return warnings([{ path, message: 'the prompt is empty', remedy: 'Say what the agent is for.' }])
  return all([])
}

/** Numbers for which no agent could work. */
const checkLimits = ({ guardrails }: SwarmAgent['spec']): readonly FieldError[] =>
  (['tokensPerCall', 'concurrentTasks', 'timeoutSeconds'] as const).flatMap((field) => {
    const value = guardrails?.limits?.[field]
    return value === undefined || value >= 1
      ? []
      : [
          {
            path: `spec.guardrails.limits.${field}`,
            message: `${value} leaves nothing to work with`,
            remedy: 'Use 1 or more.',
          },
        ]
  })

/** What is wrong, without the agent and the field, which stand in front of it anyway. */
const withoutSubject = ({ message, field }: Violation, agent: SwarmAgent): string =>
  message.replace(`SwarmAgent ${agent.metadata.name} ${field} `, '')

/**
 * What policies say to the manifest. An agent that a later policy outlawed keeps running within the policy's limits;
 * whoever changes its spec from then on brings it within the policy.
 */
const checkPolicies = (agent: SwarmAgent, { policies }: AdmissionContext): Findings =>
  all(
    policyViolations({ agent, policies }).map((violation) => {
      const finding: FieldError = {
        path: violation.field,
        message: withoutSubject(violation, agent),
        remedy: 'The policy holds at run time whatever the manifest says.',
      }
      if (violation.mode === 'Audit') return all([])
      if (violation.mode === 'Warn') return warnings([finding])
      return errors([{ ...finding, remedy: 'Keep within the policy, or have the policy changed.' }])
    }),
  )

export const checkAgent = ({
  agent,
  oldAgent,
  context,
}: {
  readonly agent: SwarmAgent
  readonly oldAgent: SwarmAgent | undefined
  readonly context: AdmissionContext
}): Findings => {
  const { spec } = agent
  return all([
    errors(checkServers(spec.tools, 'spec.tools')),
    checkPermissions(spec.guardrails?.tools, spec.tools, 'spec.guardrails.tools'),
    errors(checkLimits(spec)),
    checkPromptSize(spec.prompt, 'spec.prompt.inline'),
    checkPolicies(agent, context),
    checkSettingsOf({ agent, context }),
    checkAgentSeparation({ agent, oldAgent, context }),
  ])
}
