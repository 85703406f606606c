// The SwarmPolicy controller: tells in the status whom the policy concerns and who asks for more than it grants. It
// enforces nothing: agents are held to it by the gate, from the moment the agent controller has stored the new
// effective policy.

import { swarmPolicies, type SwarmPolicyStatus } from '../../api/v1alpha1/index.ts'
import { policyConflicts } from '../../domain/guardrail/policy-conflicts.ts'
import { policyViolations } from '../../domain/guardrail/merge-policies.ts'
import { conditionsAt } from '../conditions.ts'
import type { OperatorContext } from '../context.ts'
import { isEmpty, mergePatch } from '../merge-patch.ts'
import { createController, type Controller } from '../reconcile/controller.ts'
import { keyOf, splitKey } from '../reconcile/indexed-cache.ts'
import { summarisePolicies } from './policy-summary.ts'

const longestList = 100

export const createPolicyController = (context: OperatorContext): Controller => {
  const { resources, caches, clock, random, logger } = context

  const reconcile = async (key: string): Promise<undefined> => {
    const { namespace, name } = splitKey(key)
    const policy = caches.policies.get({ namespace, name })
    if (policy === undefined || policy.metadata.deletionTimestamp !== undefined) return undefined
    const agents = caches.agents
      .list(namespace)
      .toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name))
      .map((agent) => ({
        name: agent.metadata.name,
        violations: policyViolations({ agent, policies: [policy] }),
      }))
    const offenders = agents.filter(({ violations }) => violations.length > 0)
    const observedGeneration = policy.metadata.generation ?? 1
    const together = caches.policies.list(namespace)
    const conflicts = policyConflicts(together)
    const status: SwarmPolicyStatus = {
      agentCount: agents.length,
      compliantCount: agents.length - offenders.length,
      nonCompliant: offenders.slice(0, longestList).map(({ name: agent, violations }) => ({
        name: agent,
        field: violations[0]?.field ?? '',
        message: violations.map(({ message }) => message).join('; '),
      })),
      effectivePolicy: summarisePolicies(together),
      observedGeneration,
      conditions: conditionsAt({
        previous: policy.status?.conditions,
        current: [
          {
            type: 'Ready',
            status: 'True',
            observedGeneration,
            reason: 'InForce',
            message: `holds for ${agents.length} agents; ${offenders.length} of them ask for more than it grants and run with what it grants`,
          },
          {
            type: 'Consistent',
            observedGeneration,
            ...(conflicts.length === 0
              ? {
                  status: 'True' as const,
                  reason: 'NoConflict',
                  message: `an agent can keep to all ${together.length} policies of the namespace`,
                }
              : {
                  status: 'False' as const,
                  reason: 'PoliciesConflict',
                  message: `${conflicts.join('; ')}; the strictest holds until one of them is changed`,
                }),
          },
        ],
        now: clock.now(),
      }),
    }
    const patch = mergePatch(policy.status, status)
    if (!isEmpty(patch)) await resources.patchStatus(swarmPolicies, { namespace, name }, patch)
    return undefined
  }

  const controller = createController({ name: 'policy', reconcile, clock, random, logger, workers: 2 })
  const wakeAll = (namespace: string | undefined): void => {
    for (const { metadata } of caches.policies.list(namespace)) controller.queue.add(keyOf(metadata))
  }
  caches.policies.subscribe(({ before, after }) => {
    // A status of ours changes nothing for the others.
    if (before !== undefined && before.metadata.generation === after?.metadata.generation) return
    wakeAll((after ?? before)?.metadata.namespace)
  })
  caches.agents.subscribe(({ before, after }) => {
    if (before !== undefined && before.metadata.generation === after?.metadata.generation) return
    wakeAll((after ?? before)?.metadata.namespace)
  })
  return controller
}
