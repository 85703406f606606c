// From a SwarmAgent to the objects that run it. Pure: the same agent and surroundings give the same manifests, so an
// unchanged agent causes no write, and a change of anything a pod depends on rolls the pods.

import type { SwarmAgent } from '../../api/v1alpha1/index.ts'
import type { KubernetesObject, OwnerReference } from '../../api/resource.ts'
import { agentEnvironment, agentPort } from './agent-environment.ts'
import {
  agentLabels,
  agentSelector,
  deploymentName,
  hashOf,
  promptConfigMapName,
  serviceAccountName,
  sharedKeysSecretName,
} from './agent-names.ts'
import { promptText, type ComposedPrompt } from './compose-prompt.ts'
import { agentNetworkPolicy } from './network-policy.ts'
import { planToolServers, type ToolServerPlan } from './tool-server-settings.ts'

/** Where every agent of this installation finds the hub, its image, and perhaps another model than its own. */
export interface WorkloadSettings {
  readonly agentImage: string
  readonly agentArgs: readonly string[]
  readonly hubUrl: string
  /** Sends all agents to one endpoint, whatever their Secrets say; named by `label` in their status. */
  readonly modelOverride?: { readonly baseUrl: string; readonly provider: string; readonly label: string }
}

export interface SecretKey {
  readonly name: string
  readonly key: string
}

export interface AgentWorkloadRequest {
  readonly agent: SwarmAgent
  readonly settings: WorkloadSettings
  readonly prompt: ComposedPrompt
  /** Sampling temperature that the agent's settings give. */
  readonly temperature?: string
  /** Where the user's prompt is, when it stays in a Secret. */
  readonly promptSecret?: SecretKey
  readonly tools: ToolServerPlan
  /** Changes when a Secret or ConfigMap that the pod's environment takes in does. */
  readonly credentialsVersion: string
}

type Manifest = KubernetesObject & Readonly<Record<string, unknown>>

interface AgentWorkload {
  readonly serviceAccount: Manifest
  readonly promptConfigMap: Manifest
  readonly deployment: Manifest
  /** Undefined: there must be none. */
  readonly networkPolicy: Manifest | undefined
  readonly promptHash: string
}

export const ownerOf = (owner: KubernetesObject): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid ?? '',
  controller: true,
  // Left false: blocking the owner's deletion needs a right on its finalizers that restricted clusters do not give.
  blockOwnerDeletion: false,
})

const promptDirectory = '/etc/kubeswarm/prompt'
const promptFile = 'system-prompt.txt'
const rulesFile = 'rules.txt'
const preambleFile = 'preamble.txt'
const tokenDirectory = '/var/run/secrets/kubeswarm'
const toolSecretsDirectory = '/var/run/secrets/kubeswarm-tools'
const tokenSeconds = 3600
const hubAudience = 'kubeswarm-hub'
const defaultDrainSeconds = 150

export const agentWorkload = (request: AgentWorkloadRequest): AgentWorkload => {
  const { agent, prompt, settings } = request
  const { name, namespace = 'default' } = agent.metadata
  const metadata = (object: string) => ({
    name: object,
    namespace,
    labels: agentLabels(name),
    ownerReferences: [ownerOf(agent)],
  })
  const composed = promptText(prompt)
  const policy = agentNetworkPolicy({
    agent,
    hubUrl: settings.hubUrl,
    ...(settings.modelOverride === undefined ? {} : { modelUrl: settings.modelOverride.baseUrl }),
  })
  return {
    serviceAccount: {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: metadata(serviceAccountName(name)),
      automountServiceAccountToken: false,
    },
    promptConfigMap: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(promptConfigMapName(name)),
      data: promptFiles(request, composed),
    },
    deployment: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(deploymentName(name)),
      spec: deploymentSpec(request, composed),
    },
    networkPolicy:
      policy === undefined
        ? undefined
        : { ...policy, metadata: { ...policy.metadata, ownerReferences: [ownerOf(agent)] } },
    promptHash: hashOf(composed),
  }
}

const deploymentSpec = (request: AgentWorkloadRequest, composed: string) => {
  const { agent, settings, promptSecret, credentialsVersion } = request
  const { name } = agent.metadata
  const runtime = agent.spec.runtime ?? {}
  const { resources, imagePullSecrets } = runtime
  const drainSeconds = runtime.drainTimeoutSeconds ?? defaultDrainSeconds
  return {
    replicas: runtime.replicas ?? 1,
    selector: { matchLabels: agentSelector(name) },
    // New pods take tasks before old ones stop taking them.
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: {
      metadata: {
        labels: agentLabels(name),
        annotations: {
          'kubeswarm/system-prompt-hash': hashOf(composed),
          'kubeswarm/api-key-version': credentialsVersion,
        },
      },
      spec: {
        serviceAccountName: serviceAccountName(name),
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: drainSeconds,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        ...(imagePullSecrets === undefined ? {} : { imagePullSecrets }),
        containers: [
          {
            name: 'agent',
            image: settings.agentImage,
            args: settings.agentArgs,
            env: environment(request, drainSeconds),
            envFrom: environmentSources(agent),
            ports: [{ name: 'health', containerPort: agentPort, protocol: 'TCP' }],
            readinessProbe: {
              httpGet: { path: '/readyz', port: agentPort },
              periodSeconds: 1,
              failureThreshold: 3,
            },
            livenessProbe: {
              httpGet: { path: '/healthz', port: agentPort },
              initialDelaySeconds: 10,
              periodSeconds: 10,
              failureThreshold: 3,
            },
            ...(resources === undefined ? {} : { resources }),
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            volumeMounts: [
              { name: 'prompt', mountPath: promptDirectory, readOnly: true },
              { name: 'hub-token', mountPath: tokenDirectory, readOnly: true },
              ...(request.tools.files.length === 0
                ? []
                : [{ name: 'tool-secrets', mountPath: toolSecretsDirectory, readOnly: true }]),
              { name: 'tmp', mountPath: '/tmp' },
            ],
          },
        ],
        volumes: [
          { name: 'prompt', projected: { sources: promptSources(name, promptSecret) } },
          {
            name: 'hub-token',
            projected: {
              sources: [
                {
                  serviceAccountToken: {
                    audience: hubAudience,
                    expirationSeconds: tokenSeconds,
                    path: 'token',
                  },
                },
              ],
            },
          },
          ...(request.tools.files.length === 0
            ? []
            : [{ name: 'tool-secrets', projected: { sources: request.tools.files.map(secretSource) } }]),
          { name: 'tmp', emptyDir: {} },
        ],
      },
    },
  }
}

/** Where the user's prompt stays in a Secret, only what stands before and after it is written down here. */
const promptFiles = (
  { prompt: { preamble, rules }, promptSecret }: AgentWorkloadRequest,
  composed: string,
): Readonly<Record<string, string>> =>
  promptSecret === undefined
    ? { [promptFile]: composed }
    : { ...(preamble === '' ? {} : { [preambleFile]: `${preamble}\n` }), [rulesFile]: `${rules}\n` }

const promptSources = (agent: string, secret: SecretKey | undefined): readonly unknown[] => [
  { configMap: { name: promptConfigMapName(agent) } },
  ...(secret === undefined
    ? []
    : [{ secret: { name: secret.name, items: [{ key: secret.key, path: promptFile }] } }]),
]

const secretSource = ({ secret, key, file, optional }: ToolServerPlan['files'][number]) => ({
  secret: { name: secret, items: [{ key, path: file }], ...(optional ? { optional } : {}) },
})

interface EnvironmentVariable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: unknown
}

const environment = (
  { agent, settings, prompt, promptSecret, temperature, tools }: AgentWorkloadRequest,
  drainSeconds: number,
): readonly EnvironmentVariable[] => {
  const { name, namespace = 'default' } = agent.metadata
  const variables = agentEnvironment
  const { modelOverride } = settings
  const keyReference = agent.spec.infrastructure?.apiKeyRef
  const level = agent.spec.observability?.logging?.level
  return [
    { name: variables.name, value: name },
    { name: variables.namespace, value: namespace },
    { name: variables.podName, valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: variables.model, value: agent.spec.model },
    { name: variables.systemPromptPath, value: `${promptDirectory}/${promptFile}` },
    ...(promptSecret === undefined
      ? []
      : [{ name: variables.systemPromptRulesPath, value: `${promptDirectory}/${rulesFile}` }]),
    ...(promptSecret === undefined || prompt.preamble === ''
      ? []
      : [{ name: variables.systemPromptPreamblePath, value: `${promptDirectory}/${preambleFile}` }]),
    ...(temperature === undefined ? [] : [{ name: variables.temperature, value: temperature }]),
    { name: variables.toolServers, value: JSON.stringify(tools.settings) },
    { name: variables.concurrentTasks, value: String(agent.spec.guardrails?.limits?.concurrentTasks ?? 5) },
    // Less than the grace period, so that the tasks are handed back before the pod is killed.
    { name: variables.drainSeconds, value: String(Math.max(drainSeconds - 10, 5)) },
    { name: variables.hubUrl, value: settings.hubUrl },
    { name: variables.hubTokenPath, value: `${tokenDirectory}/token` },
    ...(level === undefined ? [] : [{ name: variables.logLevel, value: level }]),
    ...(tools.files.length === 0 ? [] : [{ name: variables.toolSecretsPath, value: toolSecretsDirectory }]),
    ...(modelOverride === undefined
      ? keyReference === undefined
        ? []
        : [{ name: keyVariable(agent.spec.model), valueFrom: { secretKeyRef: keyReference } }]
      : [
          { name: variables.provider, value: modelOverride.provider },
          { name: variables.openaiBaseUrl, value: modelOverride.baseUrl },
          { name: variables.openaiApiKey, value: 'not-needed' },
        ]),
  ]
}

/** The variable the model's maker reads its key from. */
const keyVariable = (model: string): string => {
  if (model.startsWith('claude-')) return agentEnvironment.anthropicApiKey
  if (model.startsWith('gemini-')) return agentEnvironment.geminiApiKey
  return agentEnvironment.openaiApiKey
}

/** Later sources win over earlier ones, and single variables over all of them. */
const environmentSources = (agent: SwarmAgent): readonly unknown[] => [
  { secretRef: { name: sharedKeysSecretName, optional: true } },
  ...(agent.spec.infrastructure?.envFrom ?? []),
]

/** What pods take in when they start, and what they mount: a change of it concerns the agent. */
export const referencedObjects = (agent: SwarmAgent): readonly string[] => [
  ...new Set([
    ...rollingObjects(agent),
    ...planToolServers({ agent }).files.map(({ secret }) => `Secret/${secret}`),
  ]),
]

/**
 * The Secrets and ConfigMaps whose change must roll the pods, as `Secret/name` and `ConfigMap/name`. Credentials of tool
 * servers are not among them: they are files that are read on each use.
 */
export const rollingObjects = (agent: SwarmAgent): readonly string[] => {
  const { infrastructure, prompt } = agent.spec
  const secrets = [
    sharedKeysSecretName,
    infrastructure?.apiKeyRef?.name,
    prompt.from?.secretKeyRef?.name,
    ...(infrastructure?.envFrom ?? []).map(({ secretRef }) => secretRef?.name),
  ]
  const configMaps = [
    prompt.from?.configMapKeyRef?.name,
    ...(infrastructure?.envFrom ?? []).map(({ configMapRef }) => configMapRef?.name),
  ]
  const named = (kind: string, names: readonly (string | undefined)[]) =>
    names.flatMap((name) => (name === undefined ? [] : [`${kind}/${name}`]))
  return [...new Set([...named('Secret', secrets), ...named('ConfigMap', configMaps)])].toSorted()
}
