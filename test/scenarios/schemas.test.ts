// Our CustomResourceDefinitions as an API server applies them: what it accepts, fills in and refuses. Uses the schema
// part of local-kube, which knows nothing of these kinds.

import { readdirSync, readFileSync } from 'node:fs'
import { type JsonObject, type StructuralSchema, validateObject } from 'local-kube/schema'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseManifests } from '../../src/api/manifest.ts'

const directory = new URL('../../src/api/crds/', import.meta.url)

interface Definition {
  readonly spec: {
    readonly names: { readonly kind: string }
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: StructuralSchema } }[]
  }
}
const schemas = new Map(
  readdirSync(directory).map((file) => {
    const { spec } = parse(readFileSync(new URL(file, directory), 'utf8')) as Definition
    return [spec.names.kind, spec.versions[0]?.schema.openAPIV3Schema ?? {}] as const
  }),
)

const object = (kind: string, spec: string): JsonObject => {
  const { objects, errors } = parseManifests({
    text: `apiVersion: kubeswarm.io/v1alpha1\nkind: ${kind}\nmetadata: {name: x}\nspec:\n${spec.replace(/^/gm, '  ')}\n`,
    source: kind,
  })
  if (errors.length > 0) throw new Error(JSON.stringify(errors))
  return objects[0]?.object as unknown as JsonObject
}
const validate = (kind: string, spec: string, old?: string) =>
  validateObject({
    schema: schemas.get(kind) ?? {},
    object: object(kind, spec),
    oldObject: old === undefined ? undefined : object(kind, old),
    strict: true,
  })
const complaints = (kind: string, spec: string, old?: string): readonly string[] =>
  validate(kind, spec, old).errors.map(({ path, message }) => `${path}: ${message}`)

const agent = 'model: qwen2.5:7b\nprompt: {inline: You are an SRE.}\n'
const mcp = (server: string): string => `${agent}tools: {mcp: [${server}]}\n`

describe('manifests people have', () => {
  it.each([
    {
      reason: 'an agent with tools',
      kind: 'SwarmAgent',
      spec: `${agent}tools:
  mcp:
    - {name: pagerduty, url: "http://mock-pagerduty.incident-response.svc:8080"}
    - {name: grafana, url: "http://mock-grafana.incident-response.svc:8080"}
guardrails:
  limits: {tokensPerCall: 4000, timeoutSeconds: 90}
  tools: {allow: ["pagerduty/get_incident", "grafana/*"]}`,
    },
    {
      reason: 'an agent without',
      kind: 'SwarmAgent',
      spec: `${agent}guardrails: {limits: {tokensPerCall: 3000, timeoutSeconds: 120}}`,
    },
    {
      reason: 'a bearer token in its short form',
      kind: 'SwarmAgent',
      spec: mcp(
        '{name: p, url: "http://p:8080", auth: {type: bearer, secretRef: {name: pagerduty-api-key}}}',
      ),
    },
    {
      reason: 'a bearer token in its long form',
      kind: 'SwarmAgent',
      spec: mcp('{name: p, url: "http://p:8080", auth: {bearer: {secretKeyRef: {name: s, key: token}}}}'),
    },
    {
      reason: 'infrastructure at the top of spec',
      kind: 'SwarmAgent',
      spec: `${agent}envFrom: [{secretRef: {name: k}}]\napiKeyRef: {name: s, key: k}\nnetworkPolicy: strict`,
    },
    {
      reason: 'constraints on arguments',
      kind: 'SwarmAgent',
      spec: `${agent}guardrails: {tools: {constraints: [{tool: "pagerduty/manage_incidents", args: {incident.id: {fromInput: incidentId}, status: {const: acknowledged}, tags: {enum: [a, 1, true], optional: true}}}]}}`,
    },
    {
      reason: 'a team with a pipeline',
      kind: 'SwarmTeam',
      spec: `roles:
  - {name: investigator, swarmAgent: incident-investigator}
  - {name: diagnostician, swarmAgent: incident-diagnostician}
pipeline:
  - role: investigator
    inputs: {alert: "{{ .input.alert }}"}
  - role: diagnostician
    dependsOn: [investigator]
    mustCall: [slack/post_message]
    inputs: {investigation: "{{ .steps.investigator.output }}"}`,
    },
    {
      reason: 'a run of a team',
      kind: 'SwarmRun',
      spec: 'teamRef: incident-responder\ninput:\n  alert: |\n    PagerDuty Incident P-48291\n\n    Severity: High',
    },
    { reason: 'a run of an agent', kind: 'SwarmRun', spec: 'agent: incident-notifier\nprompt: Say hello.' },
    {
      reason: 'a policy',
      kind: 'SwarmPolicy',
      spec: `enforcementMode: Enforce
limits: {maxDailyTokens: 200000, maxTokensPerCall: 3000, maxTimeoutSeconds: 600}
tools: {deny: ["shell/*", "filesystem/*"]}
models: {allowed: ["qwen*", "llama*"]}`,
    },
    {
      reason: 'a policy in other words',
      kind: 'SwarmPolicy',
      spec: 'models: {allow: ["qwen*"], deny: [gpt-5]}',
    },
    {
      reason: 'an event',
      kind: 'SwarmEvent',
      spec: `source: {type: webhook}
targets:
  - team: incident-responder
    inputs: {alert: "{{ .trigger.body.incident.title }}"}
concurrencyPolicy: Allow`,
    },
  ])('$reason', ({ kind, spec }) => {
    expect(complaints(kind, spec)).toEqual([])
  })

  it('have a number of replicas even when they do not say so', () => {
    expect(validate('SwarmAgent', agent).object).toMatchObject({
      spec: { runtime: { replicas: 1, drainTimeoutSeconds: 150 } },
    })
  })

  it('do not become someone else by what is filled in: the rules hold after defaults', () => {
    const { errors } = validate(
      'SwarmAgent',
      `${agent}networkPolicy: strict\ninfrastructure: {registryRef: {name: r}}`,
    )
    expect(errors).toEqual([])
  })
})

describe('manifests that are refused', () => {
  it.each([
    { kind: 'SwarmAgent', spec: 'model: m', says: 'spec.prompt: Required value' },
    { kind: 'SwarmAgent', spec: 'modle: m\nmodel: m\nprompt: {inline: x}', says: 'spec.modle' },
    { kind: 'SwarmAgent', spec: 'model: ""\nprompt: {inline: x}', says: 'spec.model' },
    { kind: 'SwarmAgent', spec: 'model: m\nprompt: {}', says: 'exactly one of inline and from' },
    {
      kind: 'SwarmAgent',
      spec: 'model: m\nprompt: {inline: x, from: {configMapKeyRef: {name: a, key: b}}}',
      says: 'exactly one of inline and from',
    },
    { kind: 'SwarmAgent', spec: mcp('{name: a}'), says: 'exactly one of url and capabilityRef' },
    {
      kind: 'SwarmAgent',
      spec: mcp('{name: a, url: "http://a"}, {name: a, url: "http://b"}'),
      says: 'Duplicate value',
    },
    {
      kind: 'SwarmAgent',
      spec: mcp('{name: a, url: x, auth: {bearer: {secretKeyRef: {name: s}}, mtls: {secretRef: {name: s}}}}'),
      says: 'at most one of bearer and mtls',
    },
    {
      kind: 'SwarmAgent',
      spec: mcp('{name: a, url: x, auth: {type: bearer}}'),
      says: 'type and secretRef belong together',
    },
    {
      kind: 'SwarmAgent',
      spec: mcp('{name: a, url: x, headers: [{name: h}]}'),
      says: 'exactly one of value and secretKeyRef',
    },
    {
      kind: 'SwarmAgent',
      spec: `${agent}observability: {logging: {llmTurns: true}}`,
      says: 'llmTurns needs redaction.secrets',
    },
    { kind: 'SwarmAgent', spec: `${agent}runtime: {replicas: 51}`, says: 'spec.runtime.replicas' },
    {
      kind: 'SwarmAgent',
      spec: `${agent}envFrom: [{secretRef: {name: a}}]\ninfrastructure: {envFrom: [{secretRef: {name: b}}]}`,
      says: 'set one of the two',
    },
    { kind: 'SwarmTeam', spec: 'pipeline: [{role: a}]', says: 'exactly one of routing and roles' },
    {
      kind: 'SwarmTeam',
      spec: 'roles: [{name: a, swarmAgent: b, model: c}]',
      says: 'at most one of swarmAgent, swarmTeam and model',
    },
    {
      kind: 'SwarmTeam',
      spec: 'routing: {model: m}\npipeline: [{role: a}]',
      says: 'a routed team has no pipeline',
    },
    { kind: 'SwarmTeam', spec: 'roles: [{name: a}, {name: a}]', says: 'Duplicate value' },
    {
      kind: 'SwarmTeam',
      spec: 'roles: [{name: a}]\nartifactStore: {type: local, s3: {bucket: b}}',
      says: 's3 belongs to type: s3',
    },
    { kind: 'SwarmRun', spec: 'teamRef: a\nagent: b', says: 'exactly one of teamRef and agent' },
    { kind: 'SwarmRun', spec: 'input: {a: b}', says: 'exactly one of teamRef and agent' },
    { kind: 'SwarmRun', spec: 'teamRef: a\nprompt: b', says: 'prompt belongs to agent' },
    { kind: 'SwarmRun', spec: 'teamRef: a\ntimeoutSeconds: 0', says: 'spec.timeoutSeconds' },
    { kind: 'SwarmRun', spec: 'teamRef: a\ninput: {count: 3}', says: 'spec.input.count' },
    { kind: 'SwarmPolicy', spec: 'enforcementMode: Strict', says: 'Unsupported value: "Strict"' },
    { kind: 'SwarmPolicy', spec: 'models: {allow: [a], allowed: [b]}', says: 'set one of the two' },
    { kind: 'SwarmEvent', spec: 'source: {type: webhook}\ntargets: []', says: 'spec.targets' },
    {
      kind: 'SwarmEvent',
      spec: 'source: {type: webhook}\ntargets: [{prompt: x}]',
      says: 'exactly one of team and agent',
    },
    { kind: 'SwarmEvent', spec: 'source: {type: cron}\ntargets: [{team: a}]', says: 'type: cron needs cron' },
  ])('$kind: $says', ({ kind, spec, says }) => {
    const [first, ...rest] = complaints(kind, spec)
    expect(first).toContain(says)
    expect(rest.length).toBeLessThanOrEqual(1)
  })
})

describe('a run that exists', () => {
  const before = 'teamRef: a\ninput: {x: "1"}'

  it.each([
    { reason: 'another input', after: 'teamRef: a\ninput: {x: "2"}', field: 'input' },
    { reason: 'no input', after: 'teamRef: a', field: 'input' },
    { reason: 'another team', after: 'teamRef: b\ninput: {x: "1"}', field: 'teamRef' },
    { reason: 'a deadline', after: `${before}\ntimeoutSeconds: 5`, field: 'timeoutSeconds' },
  ])('cannot change: $reason', ({ after, field }) => {
    expect(complaints('SwarmRun', after, before)).toEqual([expect.stringContaining(`${field} cannot change`)])
  })

  it('can be suspended, resumed and cancelled, and not be cancelled less', () => {
    expect(complaints('SwarmRun', `${before}\nsuspend: true`, before)).toEqual([])
    expect(complaints('SwarmRun', before, `${before}\nsuspend: true`)).toEqual([])
    expect(complaints('SwarmRun', `${before}\ncancel: true`, before)).toEqual([])
    expect(complaints('SwarmRun', before, `${before}\ncancel: true`)).toEqual([
      expect.stringContaining('cancel cannot be taken back'),
    ])
  })
})
