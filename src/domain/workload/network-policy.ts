// What may reach an agent's pods and what they may reach. Nobody needs to reach an agent: it fetches its work itself,
// and probes come from its own node. `default` closes that side and leaves the way out open, because the model's
// address stands in a Secret that is not read here; `strict` also closes the way out, but for name lookup, the hub,
// the agent's tool servers and the usual ports of model endpoints.

import type { SwarmAgent } from '../../api/v1alpha1/index.ts'
import type { KubernetesObject } from '../../api/resource.ts'
import { agentLabels, agentSelector, networkPolicyName } from './agent-names.ts'

interface EgressRule {
  readonly to?: readonly unknown[]
  readonly ports: readonly { readonly protocol: 'TCP' | 'UDP'; readonly port?: number }[]
}

/** HTTPS, plain HTTP gateways, and Ollama. */
const modelPorts = [443, 80, 11434]
const anyAddress = [
  // The metadata service of clouds hands out credentials; no agent has business there.
  { ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] } },
  { ipBlock: { cidr: '::/0', except: ['fe80::/10'] } },
]

export const agentNetworkPolicy = ({
  agent,
  hubUrl,
  modelUrl,
}: {
  readonly agent: SwarmAgent
  readonly hubUrl: string
  readonly modelUrl?: string
}): (KubernetesObject & { readonly spec: unknown }) | undefined => {
  const { name, namespace = 'default' } = agent.metadata
  const mode = agent.spec.infrastructure?.networkPolicy ?? 'default'
  if (mode === 'disabled') return undefined
  const strict = mode === 'strict'
  const urls = [hubUrl, modelUrl, ...(agent.spec.tools?.mcp ?? []).map(({ url }) => url)]
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: networkPolicyName(name), namespace, labels: agentLabels(name) },
    spec: {
      podSelector: { matchLabels: agentSelector(name) },
      policyTypes: strict ? ['Ingress', 'Egress'] : ['Ingress'],
      ingress: [],
      ...(strict ? { egress: strictEgress(urls.filter((url) => url !== undefined)) } : {}),
    },
  }
}

const strictEgress = (urls: readonly string[]): readonly EgressRule[] => [
  {
    ports: [
      { protocol: 'UDP', port: 53 },
      { protocol: 'TCP', port: 53 },
    ],
  },
  { to: anyAddress, ports: modelPorts.map((port) => ({ protocol: 'TCP' as const, port })) },
  ...urls.flatMap((url) => {
    const rule = ruleFor(url)
    return rule === undefined ? [] : [rule]
  }),
]

const ruleFor = (url: string): EgressRule | undefined => {
  if (!URL.canParse(url)) return undefined
  const { hostname, port, protocol } = new URL(url)
  const service = /^[^.]+\.([^.]+)\.svc(\.|$)/.exec(hostname)
  // A Service's port is translated before the policy looks, so for one inside the cluster only its namespace counts.
  if (service?.[1] !== undefined)
    return {
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': service[1] } } }],
      ports: [{ protocol: 'TCP' }],
    }
  const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
  return { to: anyAddress, ports: [{ protocol: 'TCP', port: number }] }
}
