// The names of what an agent owns in the cluster. Users' dashboards and scripts know them.

import { createHash } from 'node:crypto'

export const deploymentName = (agent: string): string => `${agent}-agent`
/** The hub maps this account back to the agent. */
export const serviceAccountName = (agent: string): string => deploymentName(agent)
export const promptConfigMapName = (agent: string): string => `${agent}-prompt`
export const networkPolicyName = (agent: string): string => `${agent}-netpol`
export const webhookTokenSecretName = (event: string): string => `${event}-webhook-token`
export const webhookTokenKey = 'token'
/** The token before, accepted until the time in the annotation. */
export const previousTokenKey = 'previousToken'
export const previousUntilAnnotation = 'kubeswarm.io/previous-token-until'

/** Optional Secret of the namespace that every agent's environment includes. */
export const sharedKeysSecretName = 'kubeswarm-api-keys'

export const managedBy = { 'app.kubernetes.io/managed-by': 'kubeswarm' } as const
export const agentLabel = 'kubeswarm/deployment'

export const agentLabels = (agent: string): Readonly<Record<string, string>> => ({
  'app.kubernetes.io/name': 'agent',
  'app.kubernetes.io/instance': labelValue(agent),
  ...managedBy,
  [agentLabel]: labelValue(agent),
})

/** The Deployment's selector: immutable in Kubernetes, so it holds only what never changes. */
export const agentSelector = (agent: string): Readonly<Record<string, string>> => ({
  [agentLabel]: labelValue(agent),
})

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Object names may have 253 characters, label values 63: a long one keeps its head and a hash of the whole. */
export const labelValue = (name: string): string =>
  name.length <= 63 ? name : `${name.slice(0, 52)}-${hashOf(name).slice(0, 10)}`
