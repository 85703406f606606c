// What surrounds an agent's pods: credentials, network, plugins.

import { choice, described, list, object, optional, text, type TypeOf } from '../schema.ts'
import { EnvFromSource, LocalObjectReference, SecretKeySelector } from './references.ts'

const networkPolicyModes = ['default', 'strict', 'disabled'] as const

const PluginEndpoint = object('A gRPC plugin.', {
  address: text('Host and port.', { minLength: 1 }),
  tlsSecretRef: optional(described('Secret with the certificate.', LocalObjectReference)),
})

export const AgentPlugins = object('Plugins in place of built-in parts.', {
  llm: optional(described('Speaks to the model.', PluginEndpoint)),
  queue: optional(described('Hands out tasks.', PluginEndpoint)),
})

export const infrastructureFields = {
  networkPolicy: optional(
    choice(
      networkPolicyModes,
      'Network the pods may use: `default` the cluster and the outside, `strict` only what the manifest names, `disabled` no rule at all.',
      { default: 'default' },
    ),
  ),
  apiKeyRef: optional(described('Secret key with the model provider’s API key.', SecretKeySelector)),
  envFrom: optional(list(EnvFromSource, 'Secrets and ConfigMaps whose keys become environment variables.')),
  plugins: optional(AgentPlugins),
}

export const AgentInfrastructure = object('What surrounds the agent’s pods.', {
  registryRef: optional(described('SwarmRegistry the agent is listed in.', LocalObjectReference)),
  ...infrastructureFields,
})
export type AgentInfrastructure = TypeOf<typeof AgentInfrastructure>
