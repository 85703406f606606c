// What an agent's conditions say, from what is known of it. Pure; each one that is not True says what, where, and the
// next step.

import type { SwarmAgent } from '../../api/v1alpha1/index.ts'
import type { Denied } from '../../domain/guardrail/decision.ts'
import type { Violation } from '../../domain/guardrail/merge-policies.ts'
import { agentLabel, deploymentName, labelValue } from '../../domain/workload/agent-names.ts'
import type { WorkloadSettings } from '../../domain/workload/agent-workload.ts'
import type { Deployment } from '../builtin-kinds.ts'
import type { ConditionNow } from '../conditions.ts'

/** Why the agent's objects could not be built. */
export interface Obstacle {
  readonly reason: 'PromptResolutionError' | 'MCPResolutionError' | 'SettingsResolutionError'
  readonly message: string
}

export const agentConditions = (known: {
  readonly agent: SwarmAgent
  readonly deployment: Deployment | undefined
  readonly violations: readonly Violation[]
  /** Servers that the agent's settings forbid. */
  readonly denied: readonly Denied[]
  readonly obstacle?: Obstacle
  readonly modelOverride?: NonNullable<WorkloadSettings['modelOverride']>
}): readonly ConditionNow[] => {
  const { agent, violations, denied, modelOverride } = known
  const observedGeneration = agent.metadata.generation ?? 1
  const overridden: readonly ConditionNow[] =
    modelOverride === undefined
      ? []
      : [
          {
            type: 'ModelReachable',
            status: 'True',
            observedGeneration,
            reason: 'ModelOverridden',
            message: `calls of model ${agent.spec.model} go to ${modelOverride.label}, whatever endpoint the agent names`,
          },
        ]
  return [
    { observedGeneration, ...ready(known) },
    ...overridden,
    { observedGeneration, ...compliance(violations, denied) },
  ]
}

type Verdict = Omit<ConditionNow, 'observedGeneration'>

const ready = ({
  agent,
  deployment,
  obstacle,
}: {
  readonly agent: SwarmAgent
  readonly deployment: Deployment | undefined
  readonly obstacle?: Obstacle
}): Verdict => {
  if (obstacle !== undefined) return { type: 'Ready', status: 'False', ...obstacle }
  const { namespace, name } = agent.metadata
  const wanted = agent.spec.runtime?.replicas ?? 1
  const { status, metadata } = deployment ?? {}
  const current =
    status?.observedGeneration !== undefined && status.observedGeneration >= (metadata?.generation ?? 1)
  const updated = current ? (status.updatedReplicas ?? 0) : 0
  const readyReplicas = status?.readyReplicas ?? 0
  if (current && updated >= wanted && readyReplicas >= wanted && (status.replicas ?? 0) <= wanted)
    return {
      type: 'Ready',
      status: 'True',
      reason: 'AllReplicasReady',
      message: wanted === 0 ? 'paused: no replicas wanted' : `${wanted} of ${wanted} replicas take tasks`,
    }
  const trouble = status?.conditions?.find(
    ({ type, status: holds }) =>
      (type === 'ReplicaFailure' && holds === 'True') || (type === 'Progressing' && holds === 'False'),
  )
  const why = trouble?.message === undefined ? '' : ` (${trouble.message})`
  const look = `kubectl -n ${namespace} describe pods -l ${agentLabel}=${labelValue(name)}`
  return {
    type: 'Ready',
    status: 'False',
    reason: 'Progressing',
    message: `Deployment ${deploymentName(name)} has ${readyReplicas} of ${wanted} replicas ready${why}; if it stays so: ${look}`,
  }
}

const compliance = (violations: readonly Violation[], denied: readonly Denied[]): Verdict =>
  violations.length + denied.length === 0
    ? {
        type: 'PolicyCompliant',
        status: 'True',
        reason: 'WithinPolicy',
        message: 'the agent asks for nothing that a policy of its namespace or its settings forbid',
      }
    : {
        type: 'PolicyCompliant',
        status: 'False',
        reason: 'PolicyViolated',
        message: `${[...violations, ...denied].map(({ message }) => message).join('; ')}; it runs with what is granted`,
      }
