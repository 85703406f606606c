// The SwarmAgent controller: puts the agent's effective policy where the hub reads it, keeps the objects that run the
// agent as they should be, and tells in the status how far they are. It references credentials and reads none.

import {
  swarmAgents,
  type SwarmAgent,
  type SwarmAgentStatus,
  type SwarmPolicy,
  type SwarmSettings,
} from '../../api/v1alpha1/index.ts'
import type { KubernetesObject } from '../../api/resource.ts'
import type { Denied } from '../../domain/guardrail/decision.ts'
import type { EffectivePolicy } from '../../domain/guardrail/effective-policy.ts'
import { effectivePolicy, policyViolations } from '../../domain/guardrail/merge-policies.ts'
import { serverDenied } from '../../domain/guardrail/server-rules.ts'
import { trustIn } from '../../domain/guardrail/trust.ts'
import {
  agentLabel,
  deploymentName,
  hashOf,
  labelValue,
  networkPolicyName,
} from '../../domain/workload/agent-names.ts'
import { agentWorkload, rollingObjects } from '../../domain/workload/agent-workload.ts'
import { composePrompt } from '../../domain/workload/compose-prompt.ts'
import { planToolServers } from '../../domain/workload/tool-server-settings.ts'
import { ownedObjects } from '../apply-owned.ts'
import {
  configMaps,
  deployments,
  networkPolicies,
  serviceAccounts,
  type Deployment,
} from '../builtin-kinds.ts'
import { byReference, bySettings } from '../caches.ts'
import { conditionsAt } from '../conditions.ts'
import type { OperatorContext } from '../context.ts'
import { isEmpty, mergePatch } from '../merge-patch.ts'
import { createController, type Again, type Controller } from '../reconcile/controller.ts'
import { keyOf, splitKey, type CacheView } from '../reconcile/indexed-cache.ts'
import { agentConditions, type Obstacle } from './agent-conditions.ts'
import { resolvePrompt } from './resolve-prompt.ts'
import { tokenKeys } from './token-keys.ts'

interface Built {
  readonly promptHash?: string
  readonly settings?: readonly SwarmSettings[]
  readonly fragments?: number
  readonly obstacle?: Obstacle
}

const compliantLabel = 'kubeswarm.io/policy-compliant'

export const createAgentController = (context: OperatorContext): Controller => {
  const { resources, store, caches, clock, random, logger, workload: workloadSettings, events } = context
  const owned = {
    serviceAccounts: ownedObjects({ resources, type: serviceAccounts, cache: caches.serviceAccounts }),
    configMaps: ownedObjects({ resources, type: configMaps, cache: caches.configMaps }),
    networkPolicies: ownedObjects({ resources, type: networkPolicies, cache: caches.networkPolicies }),
    deployments: ownedObjects({
      resources,
      type: deployments,
      cache: caches.deployments,
      // A Deployment's resourceVersion moves with its status; what we applied, only with its generation.
      versionOf: ({ metadata }) => String(metadata.generation),
    }),
  }

  const reconcile = async (key: string): Promise<Again | undefined> => {
    const name = splitKey(key)
    const agent = caches.agents.get(name)
    if (agent === undefined || agent.metadata.deletionTimestamp !== undefined) {
      await store.policies.remove(name)
      return undefined
    }
    const policies = caches.policies.list(name.namespace)
    // First of all: without it the hub hands the agent nothing, and a stale one would grant too much.
    const settings = caches.settings.list(name.namespace)
    const policy = effectivePolicy({ agent, policies, settings })
    await store.policies.put(policy)
    const built = await build(agent, policy)
    await report({ agent, policies, policy, built })
    return undefined
  }

  /** Brings the owned objects up to date. An agent that cannot be built keeps the pods it has. */
  const build = async (agent: SwarmAgent, { tools: { serverRules } }: EffectivePolicy): Promise<Built> => {
    const settings = settingsOf(agent)
    const [missing] = serverRules?.unreadable ?? []
    if (missing !== undefined) {
      const message = `${missing.source.field}: SwarmSettings "${missing.name}" does not exist in namespace "${agent.metadata.namespace ?? 'default'}"; the agent starts once they are there`
      return { obstacle: { reason: 'SettingsResolutionError', message } }
    }
    const prompt = await resolvePrompt(resources, agent)
    if (prompt.type === 'unresolved') {
      const obstacle: Obstacle = { reason: 'PromptResolutionError', message: prompt.message }
      events.record({
        about: agent,
        type: 'Warning',
        reason: 'PromptResolutionError',
        message: prompt.message,
      })
      return { obstacle }
    }
    const onlyKey = await tokenKeys(resources, agent)
    const tools = planToolServers({ agent, onlyKey, serverRules })
    const [error] = tools.errors
    if (error !== undefined) {
      const next = error.remedy === undefined ? '' : `; ${error.remedy}`
      return { obstacle: { reason: 'MCPResolutionError', message: `${error.path}: ${error.message}${next}` } }
    }
    const composed = composePrompt({
      agent,
      settings,
      prompt: prompt.type === 'text' ? prompt.text : undefined,
    })
    const temperature = settings.map(({ spec }) => spec.temperature).findLast((value) => value !== undefined)
    const workload = agentWorkload({
      agent,
      settings: workloadSettings,
      prompt: composed,
      ...(temperature === undefined ? {} : { temperature }),
      ...(prompt.type === 'secret' ? { promptSecret: prompt.secret } : {}),
      tools,
      credentialsVersion: credentialsVersion(agent),
    })
    const { namespace = 'default', name } = agent.metadata
    await Promise.all([
      owned.serviceAccounts.ensure(workload.serviceAccount),
      owned.configMaps.ensure(workload.promptConfigMap),
      workload.networkPolicy === undefined
        ? owned.networkPolicies.remove({ namespace, name: networkPolicyName(name) })
        : owned.networkPolicies.ensure(workload.networkPolicy),
    ])
    await owned.deployments.ensure(workload.deployment)
    return { promptHash: workload.promptHash, settings, fragments: composed.fragments }
  }

  const credentialsVersion = (agent: SwarmAgent): string => {
    const { namespace } = agent.metadata
    const versions = rollingObjects(agent).map((reference) => {
      const [kind, name = ''] = reference.split('/')
      const cache = kind === 'Secret' ? caches.secrets : caches.configMaps
      return `${reference}@${cache.get({ namespace, name })?.metadata.resourceVersion ?? 'absent'}`
    })
    return hashOf(versions.join('\n')).slice(0, 16)
  }

  /** Those that are there, in the order in which the agent names them. */
  const settingsOf = ({ metadata: { namespace }, spec }: SwarmAgent): readonly SwarmSettings[] =>
    (spec.settings ?? []).flatMap(({ name }) => caches.settings.get({ namespace, name }) ?? [])

  const report = async ({
    agent,
    policies,
    policy,
    built: { promptHash, obstacle, settings = [], fragments },
  }: {
    readonly agent: SwarmAgent
    readonly policies: readonly SwarmPolicy[]
    readonly policy: EffectivePolicy
    readonly built: Built
  }): Promise<void> => {
    const { namespace, name, generation = 1 } = agent.metadata
    const deployment: Deployment | undefined = caches.deployments.get({
      namespace,
      name: deploymentName(name),
    })
    const violations = policyViolations({ agent, policies })
    const denied = deniedServers(agent, policy)
    const hash = promptHash ?? agent.status?.systemPromptHash
    const status: SwarmAgentStatus = {
      replicas: deployment?.status?.replicas ?? 0,
      readyReplicas: deployment?.status?.readyReplicas ?? 0,
      desiredReplicas: agent.spec.runtime?.replicas ?? 1,
      selector: `${agentLabel}=${labelValue(name)}`,
      observedGeneration: generation,
      ...(hash === undefined ? {} : { systemPromptHash: hash }),
      toolConnections: toolConnections(agent, policy),
      ...(settings.length === 0
        ? {}
        : {
            appliedSettings: settings.map(({ metadata }) => metadata.name),
            appliedFragmentCount: fragments ?? 0,
          }),
      conditions: conditionsAt({
        previous: agent.status?.conditions,
        current: agentConditions({
          agent,
          deployment,
          violations,
          denied,
          ...(obstacle === undefined ? {} : { obstacle }),
          ...(workloadSettings.modelOverride === undefined
            ? {}
            : { modelOverride: workloadSettings.modelOverride }),
        }),
        now: clock.now(),
      }),
    }
    const patch = mergePatch(keptByUs(agent.status), status)
    if (!isEmpty(patch)) await resources.patchStatus(swarmAgents, agent.metadata, patch)
    const judged = policies.length > 0 || policy.tools.serverRules !== undefined
    await label(agent, judged ? String(violations.length + denied.length === 0) : undefined)
  }

  const label = async (agent: SwarmAgent, value: string | undefined): Promise<void> => {
    if (agent.metadata.labels?.[compliantLabel] === value) return
    await resources.patch(swarmAgents, agent.metadata, {
      metadata: { labels: { [compliantLabel]: value ?? null } },
    })
  }

  const controller = createController({ name: 'agent', reconcile, clock, random, logger })
  const wake = (namespace: string | undefined, name: string) =>
    controller.queue.add(keyOf({ namespace, name }))
  caches.agents.subscribe(({ before, after }) => {
    const subject = after ?? before
    if (subject !== undefined) wake(subject.metadata.namespace, subject.metadata.name)
  })
  caches.policies.subscribe(({ before, after }) => {
    // A status changes nothing for agents.
    if (before !== undefined && before.metadata.generation === after?.metadata.generation) return
    const namespace = (after ?? before)?.metadata.namespace
    for (const agent of caches.agents.list(namespace)) wake(namespace, agent.metadata.name)
  })
  caches.settings.subscribe(({ before, after }) => {
    if (before !== undefined && before.metadata.generation === after?.metadata.generation) return
    const metadata = (after ?? before)?.metadata
    if (metadata === undefined) return
    for (const agent of caches.agents.by(bySettings, keyOf(metadata)))
      wake(metadata.namespace, agent.metadata.name)
  })
  wakeOwners(caches.deployments, wake)
  wakeOwners(caches.serviceAccounts, wake)
  wakeOwners(caches.networkPolicies, wake)
  wakeOwners(caches.configMaps, wake)
  for (const [kind, cache] of [
    ['Secret', caches.secrets],
    ['ConfigMap', caches.configMaps],
  ] as const)
    cache.subscribe(({ before, after }) => {
      const metadata = (after ?? before)?.metadata
      if (metadata === undefined) return
      for (const agent of caches.agents.by(byReference, `${metadata.namespace}/${kind}/${metadata.name}`))
        wake(metadata.namespace, agent.metadata.name)
    })
  return controller
}

const wakeOwners = (
  cache: Pick<CacheView<KubernetesObject>, 'subscribe'>,
  wake: (namespace: string | undefined, name: string) => void,
): void => {
  cache.subscribe(({ before, after }) => {
    const metadata = (after ?? before)?.metadata
    for (const { kind, name } of metadata?.ownerReferences ?? [])
      if (kind === 'SwarmAgent') wake(metadata?.namespace, name)
  })
}

/** Fields of the status that others write stay as they are. */
const keptByUs = (status: SwarmAgentStatus = {}): Readonly<Record<string, unknown>> => {
  const { replicas, readyReplicas, desiredReplicas, selector, observedGeneration, systemPromptHash } = status
  const { toolConnections: connections, appliedSettings, appliedFragmentCount, conditions } = status
  const counts = { replicas, readyReplicas, desiredReplicas }
  return {
    ...counts,
    selector,
    observedGeneration,
    systemPromptHash,
    toolConnections: connections,
    appliedSettings,
    appliedFragmentCount,
    conditions,
  }
}

const deniedServers = (agent: SwarmAgent, policy: EffectivePolicy): readonly Denied[] =>
  (agent.spec.tools?.mcp ?? []).flatMap(({ name }) => serverDenied({ policy, server: name }) ?? [])

const toolConnections = (
  agent: SwarmAgent,
  policy: EffectivePolicy,
): NonNullable<SwarmAgentStatus['toolConnections']> =>
  (agent.spec.tools?.mcp ?? []).map(({ name, url, auth }) => ({
    name,
    ...(url === undefined ? {} : { url }),
    authType:
      auth?.mtls !== undefined
        ? 'mtls'
        : auth?.header !== undefined
          ? 'header'
          : auth === undefined
            ? 'none'
            : 'bearer',
    trust: trustIn(policy, name),
    ...unreachable(serverDenied({ policy, server: name })),
  }))

const unreachable = (denied: Denied | undefined) =>
  denied === undefined ? {} : { healthy: false, message: denied.message }
