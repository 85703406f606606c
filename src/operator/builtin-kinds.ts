// The Kubernetes kinds the operator touches besides its own, with the fields it reads of them.

import type { KubernetesObject } from '../api/resource.ts'
import type { ResourceType } from '../ports/resources.ts'

const builtin = (
  group: string,
  version: string,
  plural: string,
  kind: string,
  namespaced = true,
): ResourceType => ({
  group,
  version,
  plural,
  kind,
  namespaced,
})

export const namespaces = builtin('', 'v1', 'namespaces', 'Namespace', false)
export const secrets = builtin('', 'v1', 'secrets', 'Secret')
export const configMaps = builtin('', 'v1', 'configmaps', 'ConfigMap')
export const serviceAccounts = builtin('', 'v1', 'serviceaccounts', 'ServiceAccount')
export const kubernetesEvents = builtin('', 'v1', 'events', 'Event')
export const deployments = builtin('apps', 'v1', 'deployments', 'Deployment')
export const networkPolicies = builtin('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy')
export const customResourceDefinitions = builtin(
  'apiextensions.k8s.io',
  'v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
  false,
)
export const validatingWebhooks = builtin(
  'admissionregistration.k8s.io',
  'v1',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
  false,
)

export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>
}

export interface Secret extends KubernetesObject {
  readonly type?: string
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
}

interface BuiltinCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

export interface Deployment extends KubernetesObject {
  readonly spec?: { readonly replicas?: number }
  readonly status?: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly readyReplicas?: number
    readonly availableReplicas?: number
    readonly conditions?: readonly BuiltinCondition[]
  }
}

export interface CustomResourceDefinition extends KubernetesObject {
  readonly status?: { readonly conditions?: readonly BuiltinCondition[] }
}
