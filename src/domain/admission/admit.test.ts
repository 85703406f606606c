import { describe, expect, it } from 'vitest'
import { parseManifests } from '../../api/manifest.ts'
import type { KubernetesObject } from '../../api/resource.ts'
import type { SwarmKind } from '../../api/v1alpha1/index.ts'
import { admit } from './admit.ts'
import { admissionContext, type AdmissionContext, nothingKnown } from './context.ts'

/** An object of a kind from its spec as YAML. */
const manifest = (kind: SwarmKind, name: string, spec: string): KubernetesObject => {
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

const investigator = manifest(
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
const diagnostician = manifest(
  'SwarmAgent',
  'incident-diagnostician',
  `
model: qwen2.5:7b
prompt: {inline: You are a senior SRE diagnostician.}
guardrails: {limits: {tokensPerCall: 3000, timeoutSeconds: 120}}
`,
)
const notifier = manifest(
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
const teamSpec = `
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
const team = manifest('SwarmTeam', 'incident-responder', teamSpec)
const policySpec = `
enforcementMode: Enforce
limits: {maxDailyTokens: 200000, maxTokensPerCall: 3000, maxTimeoutSeconds: 600}
tools: {deny: ["shell/*", "filesystem/*"]}
models: {allowed: ["qwen*", "llama*"]}
`
const policy = manifest('SwarmPolicy', 'incident-policy', policySpec)
const run = manifest(
  'SwarmRun',
  'incident-001',
  'teamRef: incident-responder\ninput: {alert: High error rate}\n',
)
const event = manifest(
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
const agents = [investigator, diagnostician, notifier]
const cluster = (...objects: readonly KubernetesObject[]): AdmissionContext =>
  admissionContext({ objects, complete: true })
const everything = cluster(...agents, team)

const errorPaths = (object: KubernetesObject, context: AdmissionContext = everything): readonly string[] =>
  admit({ object, context }).errors.map(({ path }) => path)
const warningPaths = (object: KubernetesObject, context: AdmissionContext = everything): readonly string[] =>
  admit({ object, context }).warningFields.map(({ path }) => path)

const changed = (spec: string, from: string | RegExp, to: string): string => {
  const result = spec.replace(from, to)
  if (result === spec) throw new Error('the test changes nothing')
  return result
}

describe('the incident response manifests', () => {
  it.each([...agents, team, run, event].map((object) => [object.metadata.name, object] as const))(
    '%s is admitted without a word',
    (_, object) => {
      expect(admit({ object, context: everything })).toMatchObject({ errors: [], warnings: [] })
    },
  )

  it('a policy is admitted and names the agents it outlaws', () => {
    const { errors, warnings } = admit({ object: policy, context: everything })
    expect(errors).toEqual([])
    expect(warnings).toEqual([
      'SwarmPolicy incident-response/incident-policy: spec.limits.maxTokensPerCall: SwarmAgent incident-investigator spec.guardrails.limits.tokensPerCall 4000 is above 3000. The agent keeps running, within the policy.',
    ])
  })
})

describe('policies at admission', () => {
  const context = cluster(...agents, team, policy)

  it('Enforce refuses an agent that asks for more, naming policy, field and both values', () => {
    const { errors } = admit({ object: investigator, context })
    expect(errors).toEqual([
      {
        path: 'spec.guardrails.limits.tokensPerCall',
        message: '4000 is above SwarmPolicy incident-policy spec.limits.maxTokensPerCall 3000',
        remedy: 'Keep within the policy, or have the policy changed.',
      },
    ])
  })

  it('an agent that was there before the policy stays, and a change of it has to come within the policy', () => {
    const changed = (...[from, to]: readonly [string, string]) =>
      JSON.parse(JSON.stringify(investigator).replace(from, to)) as KubernetesObject
    const judge = (object: KubernetesObject) => admit({ object, oldObject: investigator, context }).errors
    const labelled = { ...investigator, metadata: { ...investigator.metadata, labels: { team: 'sre' } } }
    expect(judge(labelled)).toEqual([])
    expect(judge(changed('qwen2.5:7b', 'llama3')).map(({ path }) => path)).toEqual([
      'spec.guardrails.limits.tokensPerCall',
    ])
    expect(judge(changed('4000', '3000'))).toEqual([])
  })

  it.each([
    { mode: 'Warn', errors: 0, warnings: 1 },
    { mode: 'Audit', errors: 0, warnings: 0 },
    { mode: 'Enforce', errors: 1, warnings: 0 },
  ])('$mode does what it says', ({ mode, errors, warnings }) => {
    const other = manifest('SwarmPolicy', 'p', policySpec.replace('Enforce', mode))
    const result = admit({ object: investigator, context: cluster(other) })
    expect([result.errors.length, result.warnings.length]).toEqual([errors, warnings])
  })

  it('a denied model is refused', () => {
    const object = manifest(
      'SwarmAgent',
      'a',
      'model: gpt-5\nprompt: {inline: x}\nguardrails: {limits: {tokensPerCall: 1000}}\n',
    )
    expect(errorPaths(object, context)).toEqual(['spec.model'])
  })
})

describe('SwarmAgent', () => {
  const agent = (more: string): KubernetesObject =>
    manifest('SwarmAgent', 'a', `model: m\nprompt: {inline: x}\n${more}`)

  it.each([
    {
      reason: 'X10: two servers of one name cannot be told apart',
      more: 'tools: {mcp: [{name: a, url: "http://x"}, {name: a, url: "http://y"}]}',
      path: 'spec.tools.mcp[1].name',
    },
    {
      reason: 'X10: a slash in a name would shift the border between server and tool',
      more: 'tools: {mcp: [{name: a/b, url: "http://x"}]}',
      path: 'spec.tools.mcp[0].name',
    },
    {
      reason: 'an address that is none',
      more: 'tools: {mcp: [{name: a, url: "file:///etc/passwd"}]}',
      path: 'spec.tools.mcp[0].url',
    },
    {
      reason: 'a password in an address',
      more: 'tools: {mcp: [{name: a, url: "http://u:p@x"}]}',
      path: 'spec.tools.mcp[0].url',
    },
    {
      reason: 'a denial that can match nothing protects nothing',
      more: 'guardrails: {tools: {deny: [shell]}}',
      path: 'spec.guardrails.tools.deny[0]',
    },
    {
      reason: 'an argument rule that says two things',
      more: 'guardrails: {tools: {constraints: [{tool: "a/b", args: {x: {const: 1, pattern: "y+"}}}]}}',
      path: 'spec.guardrails.tools.constraints[0].args.x',
    },
    {
      reason: 'an argument rule that says nothing',
      more: 'guardrails: {tools: {constraints: [{tool: "a/b", args: {x: {optional: true}}}]}}',
      path: 'spec.guardrails.tools.constraints[0].args.x',
    },
    {
      reason: 'a pattern no linear-time engine reads',
      more: 'guardrails: {tools: {constraints: [{tool: "a/b", args: {incident.id: {pattern: "(?=a)"}}}]}}',
      path: 'spec.guardrails.tools.constraints[0].args[incident.id].pattern',
    },
    {
      reason: 'no concurrency at all',
      more: 'guardrails: {limits: {concurrentTasks: 0}}',
      path: 'spec.guardrails.limits.concurrentTasks',
    },
  ])('is refused: $reason', ({ more, path }) => {
    expect(errorPaths(agent(more))).toEqual([path])
  })

  it.each([
    {
      reason: 'an allowance for a server it does not have',
      more: 'tools: {mcp: [{name: grafana, url: "http://x"}]}\nguardrails: {tools: {allow: ["grafna/*"]}}',
      path: 'spec.guardrails.tools.allow[0]',
    },
    {
      reason: 'an allowance without a slash',
      more: 'tools: {mcp: [{name: a, url: "http://x"}]}\nguardrails: {tools: {allow: [post_message]}}',
      path: 'spec.guardrails.tools.allow[0]',
    },
    {
      reason: 'an effect of a tool it does not have',
      more: 'tools: {mcp: [{name: grafana, url: "http://x"}]}\nguardrails: {tools: {effects: [{tool: "grafna/*", effect: ReadOnly}]}}',
      path: 'spec.guardrails.tools.effects[0].tool',
    },
    {
      reason: 'a credential in a header',
      more: 'tools: {mcp: [{name: a, url: "http://x", headers: [{name: Authorization, value: "Bearer abc"}]}]}',
      path: 'spec.tools.mcp[0].headers[0].value',
    },
    {
      reason: 'a field nothing acts on',
      more: 'observability: {logging: {level: debug}}\nreasoning: {effort: High}',
      path: 'spec.reasoning',
    },
  ])('gets a warning: $reason', ({ more, path }) => {
    expect(errorPaths(agent(more))).toEqual([])
    expect(warningPaths(agent(more))).toEqual([path])
  })

  it('suggests the server that was meant', () => {
    const { warnings } = admit({
      object: agent(
        'tools: {mcp: [{name: grafana, url: "http://x"}]}\nguardrails: {tools: {allow: ["grafna/*"]}}',
      ),
    })
    expect(warnings.join()).toContain('Did you mean "grafana"?')
  })

  it('never repeats a credential it found', () => {
    const key = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789'
    const object = manifest('SwarmAgent', 'a', `model: m\nprompt: {inline: "use ${key}"}\n`)
    const result = admit({ object })
    expect(result.warningFields.map(({ path }) => path)).toEqual(['spec.prompt.inline'])
    expect(JSON.stringify(result)).not.toContain(key)
  })

  it('is refused with a prompt no object can hold', () => {
    const object = manifest('SwarmAgent', 'a', `model: m\nprompt: {inline: "${'x'.repeat(600 * 1024)}"}\n`)
    expect(errorPaths(object)).toEqual(['spec.prompt.inline'])
  })
})

describe('SwarmTeam', () => {
  const withSpec = (spec: string): KubernetesObject => manifest('SwarmTeam', 'incident-responder', spec)

  it.each([
    {
      reason: 'a role that does not exist',
      spec: changed(teamSpec, '- role: diagnostician', '- role: diagnosticain'),
      path: 'spec.pipeline[1].role',
    },
    {
      reason: 'a dependency that does not exist',
      spec: changed(teamSpec, 'dependsOn: [diagnostician]', 'dependsOn: [diagnosis]'),
      path: 'spec.pipeline[2].dependsOn[0]',
    },
    {
      reason: 'a step that waits for itself',
      spec: changed(teamSpec, 'dependsOn: [investigator]', 'dependsOn: [investigator, diagnostician]'),
      path: 'spec.pipeline[1].dependsOn[1]',
    },
    {
      reason: 'W15: one role in two steps of the same name',
      spec: `${teamSpec}  - role: notifier\n`,
      path: 'spec.pipeline[3].name',
    },
    {
      reason: 'a template nobody can read',
      spec: changed(teamSpec, '{{ .input.alert }}', '{{ .input.alert '),
      path: 'spec.pipeline[0].inputs.alert',
    },
    {
      reason: 'a step that uses one it does not wait for',
      spec: changed(teamSpec, 'dependsOn: [investigator]', 'dependsOn: []'),
      path: 'spec.pipeline[1].inputs.investigation',
    },
    {
      reason: 'an output of a step that does not exist',
      spec: `${teamSpec}output: "{{ .steps.notifyer.output }}"\n`,
      path: 'spec.output',
    },
    {
      reason: 'an input nobody declared',
      spec: `${teamSpec}inputs: [{name: alarm}]\n`,
      path: 'spec.pipeline[0].inputs.alert',
    },
    {
      reason: 'a default of another type',
      spec: `${teamSpec}inputs: [{name: alert}, {name: count, type: number, default: many}]\n`,
      path: 'spec.inputs[1].default',
    },
    {
      reason: 'a required call that names no tool',
      spec: `${teamSpec}    mustCall: [post_message]\n`,
      path: 'spec.pipeline[2].mustCall[0]',
    },
  ])('is refused: $reason', ({ spec, path }) => {
    expect(errorPaths(withSpec(spec))).toContain(path)
  })

  it('names the steps of a cycle', () => {
    const { errors } = admit({
      object: withSpec(
        changed(teamSpec, '  - role: investigator\n', '  - role: investigator\n    dependsOn: [notifier]\n'),
      ),
    })
    const cycle = errors.find(({ message }) => message.includes('wait for each other'))
    for (const step of ['investigator', 'diagnostician', 'notifier']) expect(cycle?.message).toContain(step)
  })

  it('places a template error inside its text', () => {
    const { errors } = admit({
      object: withSpec(
        changed(teamSpec, '"{{ .steps.investigator.output }}"', '"found: {{ .steps.investigatr.output }}"'),
      ),
    })
    expect(errors[0]).toMatchObject({
      path: 'spec.pipeline[1].inputs.investigation',
      position: { line: 1, column: 11 },
    })
    expect(errors[0]?.remedy).toContain('investigator')
  })

  it('may be applied before its agents', () => {
    const { errors, warningFields } = admit({ object: team, context: cluster() })
    expect(errors).toEqual([])
    expect(warningFields.map(({ path }) => path)).toEqual([
      'spec.roles[0].swarmAgent',
      'spec.roles[1].swarmAgent',
      'spec.roles[2].swarmAgent',
    ])
  })

  it('hears that a required call can never be made', () => {
    const reason = (call: string): string =>
      admit({ object: withSpec(`${teamSpec}    mustCall: [${call}]\n`), context: everything }).warnings.join()
    expect(reason('slack/post_message')).toBe('')
    expect(reason('slack/delete_message')).toContain('does not allow')
    expect(reason('slak/post_message')).toContain('Did you mean "slack"?')
  })

  it('hears once of what runs will be refused for', () => {
    const loop = withSpec(`${teamSpec}    loop: {condition: "true"}\n`)
    expect(warningPaths(loop)).toEqual(['spec.pipeline[2].loop'])
    expect(warningPaths(withSpec('roles: [{name: a, swarmAgent: incident-notifier}]\n'))).toEqual([
      'spec.pipeline',
    ])
  })
})

describe('SwarmRun', () => {
  const withSpec = (spec: string): KubernetesObject => manifest('SwarmRun', 'r', spec)
  const demanding = manifest(
    'SwarmTeam',
    'incident-responder',
    `${teamSpec}inputs: [{name: alert, required: true}, {name: count, type: number}]\n`,
  )
  const context = cluster(...agents, demanding)

  it.each([
    { reason: 'an unknown team', spec: 'teamRef: incident-responders', path: 'spec.teamRef' },
    { reason: 'an unknown agent', spec: 'agent: incident-notifyer\nprompt: x', path: 'spec.agent' },
    { reason: 'no task', spec: 'agent: incident-notifier', path: 'spec.prompt' },
    { reason: 'W2: a required input missing', spec: 'teamRef: incident-responder', path: 'spec.input.alert' },
    {
      reason: 'an input nobody knows',
      spec: 'teamRef: incident-responder\ninput: {alert: a, alrt: b}',
      path: 'spec.input.alrt',
    },
    {
      reason: 'an input of another type',
      spec: 'teamRef: incident-responder\ninput: {alert: a, count: many}',
      path: 'spec.input.count',
    },
  ])('is refused: $reason', ({ spec, path }) => {
    expect(errorPaths(withSpec(spec), context)).toEqual([path])
  })

  it('is refused when its team reads an input it does not give', () => {
    const { errors } = admit({
      object: withSpec('teamRef: incident-responder\ninput: {alarm: x}'),
      context: everything,
    })
    expect(errors[0]?.path).toBe('spec.input')
    expect(errors[0]?.message).toContain('alert')
  })

  it('W16: is refused when an agent of its team does not exist', () => {
    expect(errorPaths(run, cluster(investigator, diagnostician, team))).toEqual(['spec.teamRef'])
  })

  it('is only warned about what may be elsewhere', () => {
    const { errors, warningFields } = admit({ object: run, context: nothingKnown })
    expect(errors).toEqual([])
    expect(warningFields.map(({ path }) => path)).toEqual(['spec.teamRef'])
    expect(errorPaths(run, admissionContext({ objects: [team], complete: false }))).toEqual([])
  })

  it('can be cancelled when its team has gone', () => {
    const cancelled = withSpec('teamRef: incident-responder\ninput: {alert: High error rate}\ncancel: true')
    expect(admit({ object: cancelled, oldObject: run, context: cluster() }).errors).toEqual([])
  })
})

describe('SwarmEvent', () => {
  const withInput = (text: string): KubernetesObject =>
    manifest(
      'SwarmEvent',
      'e',
      `source: {type: webhook}\ntargets: [{team: incident-responder, inputs: {alert: '${text}'}}]\n`,
    )

  it('is refused for a template nobody can read, at the field its author wrote', () => {
    expect(errorPaths(withInput('{{ .trigger.body'))).toEqual(['spec.targets[0].inputs.alert'])
  })

  it('is refused for a part of the trigger that does not exist', () => {
    expect(errorPaths(withInput('{{ .trigger.boddy.x }}'))).toEqual(['spec.targets[0].inputs.alert'])
  })

  it('may call the body by its short name', () => {
    expect(errorPaths(withInput('{{ .body.incident.title }}'))).toEqual([])
  })

  it.each([
    ['{{ .trigger.alert.title }}', 'preset: pagerduty', []],
    ['{{ .trigger.alert.titel }}', 'preset: pagerduty', ['spec.targets[0].input.x']],
    ['{{ .trigger.alert.title }}', 'filter: "yes"', ['spec.targets[0].input.x']],
    ['{{ .trigger.subject }} {{ .trigger.id }}', 'filter: "yes"', []],
  ])('that reads %s of a webhook with %s', (template, webhook, paths) => {
    const spec = `source: {type: webhook, webhook: {${webhook}}}\ntargets: [{team: a, input: {x: "${template}"}}]\n`
    expect(errorPaths(manifest('SwarmEvent', 'e', spec))).toEqual(paths)
  })

  it.each([
    { reason: 'seconds', source: 'cron: "* * * * * *"' },
    { reason: 'an unknown zone', source: 'cron: "0 9 * * *", timeZone: Mars/Base' },
    { reason: 'a day that never comes', source: 'cron: "0 0 31 2 *"' },
  ])('is refused for a schedule with $reason', ({ source }) => {
    const object = manifest('SwarmEvent', 'e', `source: {type: cron, ${source}}\ntargets: [{team: a}]\n`)
    expect(errorPaths(object)).toEqual(['spec.source.cron'])
  })

  it('of a schedule brings no body', () => {
    const spec = 'source: {type: cron, cron: "@daily"}\ntargets: [{team: a, input: {x: "{{ .body.y }}"}}]\n'
    expect(errorPaths(manifest('SwarmEvent', 'e', spec))).toEqual(['spec.targets[0].input.x'])
  })

  it('hears of an input its team does not know', () => {
    const context = cluster(
      ...agents,
      manifest(
        'SwarmTeam',
        'incident-responder',
        `${changed(teamSpec, /\.input\.alert/g, '.input.alarm')}inputs: [{name: alarm, required: true}]\n`,
      ),
    )
    expect(warningPaths(withInput('x'), context)).toEqual([
      'spec.targets[0].inputs',
      'spec.targets[0].inputs.alert',
    ])
  })

  it('an agent is given a task', () => {
    const object = manifest(
      'SwarmEvent',
      'e',
      'source: {type: webhook}\ntargets: [{agent: incident-notifier}]\n',
    )
    expect(errorPaths(object)).toEqual(['spec.targets[0].prompt'])
  })
})

describe('SwarmEvent of type team-output', () => {
  const follows = (name: string, from: string, to: string): KubernetesObject =>
    manifest(
      'SwarmEvent',
      name,
      `source: {type: team-output, teamOutput: {name: ${from}}}\ntargets: [{team: ${to}, input: {x: "{{ .output }} {{ .trigger.run.name }}"}}]\n`,
    )

  it('F86 is refused where it closes a circle, and the circle is named', () => {
    const context = cluster(follows('one', 'b', 'c'), follows('two', 'c', 'a'))
    const { errors } = admit({ object: follows('three', 'a', 'b'), context })
    expect(errors).toMatchObject([{ path: 'spec.source.teamOutput.name' }])
    expect(errors[0]?.message).toContain('a → b → c → a')
    expect(errorPaths(follows('three', 'a', 'd'), context)).toEqual([])
  })
})

describe('SwarmNotify', () => {
  const notify = (channel: string): KubernetesObject =>
    manifest('SwarmNotify', 'on-call', `channels:\n  - ${channel}\n`)

  it.each([
    {
      reason: 'an address without a scheme',
      channel: '{type: webhook, webhook: {url: example.com/x}}',
      path: 'webhook.url',
    },
    {
      reason: 'a file',
      channel: '{type: webhook, webhook: {url: "file:///etc/passwd"}}',
      path: 'webhook.url',
    },
    {
      reason: 'a password in the address',
      channel: '{type: webhook, webhook: {url: "https://a:b@example.com"}}',
      path: 'webhook.url',
    },
    {
      reason: 'a template that reads what is not there',
      channel: '{type: webhook, webhook: {url: "https://example.com"}, template: "{{ .run.nmae }}"}',
      path: 'template',
    },
  ])('is refused for $reason', ({ channel, path }) => {
    expect(errorPaths(notify(channel))).toEqual([`spec.channels[0].${path}`])
  })

  it('hears of a credential in plain sight', () => {
    const channel =
      '{type: webhook, webhook: {url: "https://example.com", headers: [{name: Authorization, value: Bearer x}]}}'
    expect(warningPaths(notify(channel))).toEqual(['spec.channels[0].webhook.headers[0].value'])
  })
})

describe('SwarmPolicy', () => {
  it.each([
    { reason: 'a denial that matches nothing', spec: 'tools: {deny: [shell]}', path: 'spec.tools.deny[0]' },
    {
      reason: 'a floor above the ceiling',
      spec: 'limits: {minTimeoutSeconds: 60, maxTimeoutSeconds: 30}',
      path: 'spec.limits.minTimeoutSeconds',
    },
    {
      reason: 'a constraint without arguments',
      spec: 'tools: {constraints: [{tool: "a/*", args: {}}]}',
      path: 'spec.tools.constraints[0].args',
    },
  ])('is refused: $reason', ({ spec, path }) => {
    expect(errorPaths(manifest('SwarmPolicy', 'p', spec))).toEqual([path])
  })

  it('hears that it allows no model', () => {
    expect(warningPaths(manifest('SwarmPolicy', 'p', 'models: {allow: []}'), cluster())).toEqual([
      'spec.models.allow',
    ])
  })
})

describe('admit', () => {
  const broken = manifest(
    'SwarmAgent',
    'a',
    'model: m\nprompt: {inline: x}\nguardrails: {tools: {deny: [shell]}}\n',
  )

  it('lets an object go', () => {
    const going = {
      ...broken,
      metadata: { ...broken.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    }
    expect(admit({ object: going, oldObject: broken }).errors).toEqual([])
  })

  it('does not judge a spec again for a new label', () => {
    const labelled = { ...broken, metadata: { ...broken.metadata, labels: { a: 'b' } } }
    expect(admit({ object: labelled, oldObject: broken }).errors).toEqual([])
    expect(admit({ object: labelled }).errors).toHaveLength(1)
  })

  it('answers an object of another shape field by field', () => {
    const object = {
      ...broken,
      spec: { prompt: 3, tools: { mcp: [{ name: 3, transport: 'carrier-pigeon' }] } },
    } as KubernetesObject
    expect(errorPaths(object).toSorted()).toEqual(
      ['spec.model', 'spec.prompt', 'spec.tools.mcp[0].name', 'spec.tools.mcp[0].transport'].toSorted(),
    )
    expect(errorPaths({ ...broken, spec: undefined } as KubernetesObject)).toEqual(['spec'])
  })

  it('notes another spelling and says nothing aloud', () => {
    const { warnings, notes } = admit({ object: notifier, context: everything })
    expect(warnings).toEqual([])
    expect(notes.map(({ path }) => path)).toEqual(['spec.tools.mcp[1].auth.secretRef'])
  })
})

describe('settings', () => {
  const settings = (spec: string) => manifest('SwarmSettings', 'house', spec)
  const agent = (url: string, more = '') =>
    manifest(
      'SwarmAgent',
      'reader',
      `model: m\nprompt: {inline: x}\nsettings: [{name: house}]\ntools: {mcp: [{name: logs, url: "${url}"${more}}]}\n`,
    )
  const allowing = settings('security: {mcpAllowlist: ["https://mcp.example.com/a"], requireMCPAuth: true}')
  const auth = ', auth: {bearer: {secretKeyRef: {name: s, key: token}}}'
  const contextOf = (...objects: readonly KubernetesObject[]) => admissionContext({ complete: true, objects })

  it('refuses an agent with a server outside their addresses, and one without a credential', () => {
    const context = contextOf(allowing)
    expect(admit({ object: agent('https://mcp.example.com/a/x', auth), context }).errors).toEqual([])
    expect(admit({ object: agent('https://mcp.example.com/ab', auth), context }).errors).toMatchObject([
      { path: 'spec.tools.mcp[0].url' },
    ])
    expect(admit({ object: agent('https://mcp.example.com/a'), context }).errors).toMatchObject([
      { path: 'spec.tools.mcp[0].auth' },
    ])
  })

  it('warns of settings that are not there, with the name that was probably meant', () => {
    const close = manifest('SwarmSettings', 'hause', 'temperature: "0"')
    const { errors, warningFields } = admit({ object: agent('https://a', auth), context: contextOf(close) })
    expect(errors).toEqual([])
    expect(warningFields).toMatchObject([{ path: 'spec.settings[0].name', remedy: 'Did you mean "hause"?' }])
  })

  it('refuses addresses that cover nothing, and warns of agents that settings cut off', () => {
    const bad = settings('security: {mcpAllowlist: ["https://*.example.com", "mcp.example.com"]}')
    expect(admit({ object: bad }).errors.map(({ path }) => path)).toEqual([
      'spec.security.mcpAllowlist[0]',
      'spec.security.mcpAllowlist[1]',
    ])
    const context = contextOf(agent('https://elsewhere.example.com', auth))
    const { errors, warningFields } = admit({ object: allowing, context })
    expect(errors).toEqual([])
    expect(warningFields).toMatchObject([{ path: 'spec.security.mcpAllowlist' }])
  })

  it('takes content for text, and names the field as it was written', () => {
    const spelled = settings('fragments: [{name: a, content: One.}, {name: a, content: Two.}]')
    const { warningFields, notes } = admit({ object: spelled })
    expect(warningFields.map(({ path }) => path)).toEqual(['spec.fragments[1].name'])
    expect(notes.map(({ path }) => path)).toEqual(['spec.fragments[0].content', 'spec.fragments[1].content'])
  })
})

describe('what policies demand of outputs', () => {
  const teamOf = (step: string) =>
    manifest('SwarmTeam', 'pair', `roles: [{name: a, swarmAgent: reader}]\npipeline: [{role: a${step}}]\n`)
  const demanding = (mode: string) =>
    manifest('SwarmPolicy', 'p', `enforcementMode: ${mode}\noutput: {minValidation: schema}\n`)
  const under = (mode: string, step: string) =>
    admit({
      object: teamOf(step),
      context: admissionContext({ complete: false, objects: [demanding(mode)] }),
    })
  const spoken = ({ errors, warningFields }: ReturnType<typeof admit>) => [
    errors.some(({ path }) => path === 'spec.pipeline[0]'),
    warningFields.some(({ path }) => path === 'spec.pipeline[0]'),
  ]

  it('refuses, warns or keeps silent about a step that is checked too little, by the mode', () => {
    const pattern = ', validate: {contains: x}'
    expect(spoken(under('Enforce', pattern))).toEqual([true, false])
    expect(spoken(under('Warn', pattern))).toEqual([false, true])
    expect(spoken(under('Audit', pattern))).toEqual([false, false])
    expect(spoken(under('Enforce', `, outputSchema: '{"type":"object"}'`))).toEqual([false, false])
  })

  it('a policy names the teams whose steps it will stop, and the expressions that cannot be read', () => {
    const context = admissionContext({ complete: true, objects: [teamOf('')] })
    expect(admit({ object: demanding('Audit'), context }).warningFields).toMatchObject([
      { path: 'spec.output.minValidation' },
    ])
    const unreadable = manifest('SwarmPolicy', 'p', 'output: {denyPatterns: ["ok", "("]}')
    expect(admit({ object: unreadable }).errors.map(({ path }) => path)).toEqual([
      'spec.output.denyPatterns[1]',
    ])
  })
})
