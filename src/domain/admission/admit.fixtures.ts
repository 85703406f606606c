// The incident response of the example as manifests, and what admission says of a changed one.

import { parseManifests } from '../../api/manifest.ts'
import type { KubernetesObject } from '../../api/resource.ts'
import type { SwarmKind } from '../../api/v1alpha1/index.ts'
import { admit } from './admit.ts'
import { admissionContext, type AdmissionContext } from './context.ts'

/** An object of a kind from its spec as YAML. */
export const manifest = (kind: SwarmKind, name: string, spec: string): KubernetesObject => {
  const indented = spec
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')
  const text = `apiVersion: kubeswarm.io/v1alpha1\nkind: ${kind}\nmetadata:\n  name: ${name}\n  namespace: incident-response\nspec:\n${indented}\n`
  const { objects, errors } = parseManifests({ text, source: 'test' })
  const [first] = objects
  if (first === undefined || errors.length > 0) throw new Error(JSON.stringify(errors))
  return first.object
}

export const investigator = manifest(
  'SwarmAgent',
  'incident-investigator',
  `
model: qwen2.5:7b
prompt:
  inline: You are an SRE investigator.
tools:
  mcp:
    - name: pagerduty
      url: "http://mock-pagerduty.incident-response.svc:8080"
    - name: grafana
      url: "http://mock-grafana.incident-response.svc:8080"
guardrails:
  limits:
    tokensPerCall: 4000
    timeoutSeconds: 90
  tools:
    allow:
      - "pagerduty/get_incident"
      - "grafana/*"
`,
)
export const diagnostician = manifest(
  'SwarmAgent',
  'incident-diagnostician',
  `
model: qwen2.5:7b
prompt: {inline: You are a senior SRE diagnostician.}
guardrails: {limits: {tokensPerCall: 3000, timeoutSeconds: 120}}
`,
)
export const notifier = manifest(
  'SwarmAgent',
  'incident-notifier',
  `
model: qwen2.5:7b
prompt: {inline: You are an incident communications agent.}
tools:
  mcp:
    - name: slack
      url: "http://mock-slack.incident-response.svc:8080"
    - name: pagerduty
      url: "http://pagerduty-mcp.incident-response.svc:8080"
      auth:
        type: bearer
        secretRef:
          name: pagerduty-api-key
guardrails:
  limits: {tokensPerCall: 3000, timeoutSeconds: 90}
  tools:
    allow: ["slack/post_message", "pagerduty/acknowledge_incident"]
`,
)
export const teamSpec = `
roles:
  - name: investigator
    swarmAgent: incident-investigator
  - name: diagnostician
    swarmAgent: incident-diagnostician
  - name: notifier
    swarmAgent: incident-notifier
pipeline:
  - role: investigator
    inputs:
      alert: "{{ .input.alert }}"
  - role: diagnostician
    dependsOn: [investigator]
    inputs:
      investigation: "{{ .steps.investigator.output }}"
      alert: "{{ .input.alert }}"
  - role: notifier
    dependsOn: [diagnostician]
    inputs:
      investigation: "{{ .steps.investigator.output }}"
      diagnosis: "{{ .steps.diagnostician.output }}"
`
export const team = manifest('SwarmTeam', 'incident-responder', teamSpec)
export const policySpec = `
enforcementMode: Enforce
limits: {maxDailyTokens: 200000, maxTokensPerCall: 3000, maxTimeoutSeconds: 600}
tools: {deny: ["shell/*", "filesystem/*"]}
models: {allowed: ["qwen*", "llama*"]}
`
export const policy = manifest('SwarmPolicy', 'incident-policy', policySpec)
export const run = manifest(
  'SwarmRun',
  'incident-001',
  'teamRef: incident-responder\ninput: {alert: High error rate}\n',
)
export const event = manifest(
  'SwarmEvent',
  'incident-alert',
  `
source: {type: webhook}
targets:
  - team: incident-responder
    inputs:
      alert: "{{ .trigger.body.incident.title }}: {{ .trigger.body.incident.description }}"
concurrencyPolicy: Allow
`,
)
export const agents = [investigator, diagnostician, notifier]
export const cluster = (...objects: readonly KubernetesObject[]): AdmissionContext =>
  admissionContext({ objects, complete: true })
export const everything = cluster(...agents, team)

export const errorPaths = (
  object: KubernetesObject,
  context: AdmissionContext = everything,
): readonly string[] => admit({ object, context }).errors.map(({ path }) => path)
export const warningPaths = (
  object: KubernetesObject,
  context: AdmissionContext = everything,
): readonly string[] => admit({ object, context }).warningFields.map(({ path }) => path)

export const changed = (spec: string, from: string | RegExp, to: string): string => {
  const result = spec.replace(from, to)
  if (result === spec) throw new Error('the test changes nothing')
  return result
}
