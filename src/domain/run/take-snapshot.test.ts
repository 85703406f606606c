import { describe, expect, it } from 'vitest'
import type { SwarmRun, SwarmRunSpec, SwarmTeam, SwarmTeamSpec } from '../../api/v1alpha1/index.ts'
import { takeSnapshot } from './take-snapshot.ts'
import type { SnapshotResult } from './take-snapshot.ts'

const runOf = (spec: SwarmRunSpec, labels: Readonly<Record<string, string>> = {}): SwarmRun => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmRun',
  metadata: { name: 'incident-001', namespace: 'incident-response', uid: 'uid-1', labels },
  spec,
})
const teamOf = (spec: SwarmTeamSpec): SwarmTeam => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmTeam',
  metadata: { name: 'incident-responder', namespace: 'incident-response' },
  spec,
})
const agents = ['incident-investigator', 'incident-diagnostician', 'incident-notifier']

/** The seed's team. */
const seed: SwarmTeamSpec = {
  roles: [
    { name: 'investigator', swarmAgent: 'incident-investigator' },
    { name: 'diagnostician', swarmAgent: 'incident-diagnostician' },
    { name: 'notifier', swarmAgent: 'incident-notifier' },
  ],
  pipeline: [
    { role: 'investigator', inputs: { alert: '{{ .input.alert }}' } },
    {
      role: 'diagnostician',
      dependsOn: ['investigator'],
      inputs: { investigation: '{{ .steps.investigator.output }}', alert: '{{ .input.alert }}' },
    },
    {
      role: 'notifier',
      dependsOn: ['diagnostician'],
      inputs: {
        investigation: '{{ .steps.investigator.output }}',
        diagnosis: '{{ .steps.diagnostician.output }}',
      },
    },
  ],
}
const take = (spec: SwarmTeamSpec, run: Partial<SwarmRunSpec> = {}): SnapshotResult =>
  takeSnapshot({
    run: runOf({ teamRef: 'incident-responder', input: { alert: 'P-48291' }, ...run }),
    team: teamOf(spec),
    agents,
  })
const step = (
  index: number,
  change: Partial<NonNullable<SwarmTeamSpec['pipeline']>[number]>,
): SwarmTeamSpec => ({
  ...seed,
  pipeline: (seed.pipeline ?? []).map((each, position) =>
    position === index ? { ...each, ...change } : each,
  ),
})
const faults = (result: SnapshotResult): readonly string[] =>
  result.type === 'snapshot'
    ? ['a snapshot']
    : [
        result.reason,
        ...result.errors.map(
          ({ path, message, remedy, position }) =>
            `${path}${position === undefined ? '' : ` ${position.line}:${position.column}`}: ${message}; ${remedy ?? ''}`,
        ),
      ]
const snapshotOf = (result: SnapshotResult) => {
  if (result.type === 'invalid') throw new Error(faults(result).join('\n'))
  return result.snapshot
}

describe('a snapshot of a team', () => {
  it('holds the seed’s pipeline', () => {
    expect(snapshotOf(take(seed))).toEqual({
      kind: 'team',
      namespace: 'incident-response',
      source: 'incident-responder',
      input: { alert: 'P-48291' },
      steps: [
        {
          name: 'investigator',
          role: 'investigator',
          agent: 'incident-investigator',
          inputs: [{ name: 'alert', template: '{{ .input.alert }}' }],
          dependsOn: [],
          mustCall: [],
          maxOutputBytes: 65536,
        },
        expect.objectContaining({ name: 'diagnostician', dependsOn: ['investigator'] }),
        expect.objectContaining({
          name: 'notifier',
          inputs: [
            { name: 'investigation', template: '{{ .steps.investigator.output }}' },
            { name: 'diagnosis', template: '{{ .steps.diagnostician.output }}' },
          ],
        }),
      ],
    })
  })

  it('has one hash for one content', () => {
    const first = take(seed)
    const again = take(structuredClone(seed))
    const other = take({ ...seed, timeoutSeconds: 60 })
    const hash = (result: SnapshotResult) => (result.type === 'snapshot' ? result.snapshotHash : '')
    expect(hash(first)).toMatch(/^[0-9a-f]{64}$/)
    expect(hash(again)).toBe(hash(first))
    expect(hash(other)).not.toBe(hash(first))
  })

  it('W15 one role can serve two steps', () => {
    const twice = {
      ...seed,
      pipeline: [...(seed.pipeline ?? []), { role: 'notifier', name: 'all-clear', dependsOn: ['notifier'] }],
    }
    expect(snapshotOf(take(twice)).steps.map(({ name, agent }) => [name, agent])).toEqual([
      ['investigator', 'incident-investigator'],
      ['diagnostician', 'incident-diagnostician'],
      ['notifier', 'incident-notifier'],
      ['all-clear', 'incident-notifier'],
    ])
  })

  it('W15 two steps of one name are refused with the way out', () => {
    const twice = { ...seed, pipeline: [...(seed.pipeline ?? []), { role: 'notifier' }] }
    expect(faults(take(twice))).toEqual([
      'InvalidPipeline',
      'spec.pipeline[3].name: SwarmTeam "incident-responder": there is another step "notifier"; give this step a name: the role is its name otherwise',
    ])
  })

  it('a step without inputs is given the run’s', () => {
    const { steps } = snapshotOf(take(step(0, { inputs: {} }), { input: { alert: 'x', 'my key': 'y' } }))
    expect(steps[0]?.inputs).toEqual([
      { name: 'alert', template: '{{ index .input "alert" }}' },
      { name: 'my key', template: '{{ index .input "my key" }}' },
    ])
  })

  it('limits of the run come before those of the team', () => {
    const team = { ...seed, timeoutSeconds: 600, maxTokens: 1000, output: '{{ .steps.notifier.output }}' }
    expect(snapshotOf(take(team, { timeoutSeconds: 60 }))).toMatchObject({
      timeoutSeconds: 60,
      maxTokens: 1000,
      output: team.output,
    })
  })

  it('S5 the input of a run that an event made is data', () => {
    const made = runOf(
      { teamRef: 'incident-responder', input: { alert: 'x' } },
      { 'kubeswarm/trigger': 'pagerduty' },
    )
    expect(snapshotOf(takeSnapshot({ run: made, team: teamOf(seed), agents })).untrustedInput).toBe(true)
    expect(snapshotOf(take(seed)).untrustedInput).toBeUndefined()
  })

  it.each<{ spec: SwarmTeamSpec; expected: readonly string[]; reason: string }>([
    {
      reason: 'W16 an unknown agent',
      spec: {
        ...seed,
        roles: [...(seed.roles ?? []).slice(0, 2), { name: 'notifier', swarmAgent: 'incident-notifer' }],
      },
      expected: [
        'AgentNotFound',
        'spec.roles[2].swarmAgent: SwarmTeam "incident-responder": there is no SwarmAgent "incident-notifer" in namespace "incident-response"; did you mean incident-notifier?',
      ],
    },
    {
      reason: 'an unknown role',
      spec: step(2, { role: 'notifyer' }),
      expected: [
        'InvalidPipeline',
        'spec.pipeline[2].role: SwarmTeam "incident-responder": there is no role "notifyer" in spec.roles; did you mean notifier?',
      ],
    },
    {
      reason: 'an unknown step in dependsOn',
      spec: step(1, { dependsOn: ['investigater'] }),
      expected: [
        'InvalidPipeline',
        'spec.pipeline[1].dependsOn[0]: SwarmTeam "incident-responder": there is no step "investigater"; did you mean investigator?',
      ],
    },
    {
      reason: 'a cycle',
      spec: step(0, { dependsOn: ['notifier'] }),
      expected: [
        'InvalidPipeline',
        'spec.pipeline[0].dependsOn: SwarmTeam "incident-responder": the steps wait for each other: investigator → notifier → diagnostician → investigator; break the circle',
      ],
    },
    {
      reason: 'a step that waits for itself',
      spec: step(0, { dependsOn: ['investigator'] }),
      expected: [
        'InvalidPipeline',
        'spec.pipeline[0].dependsOn[0]: SwarmTeam "incident-responder": a step cannot depend on itself; remove it',
      ],
    },
    {
      reason: 'an output that may not be there yet',
      spec: step(2, { dependsOn: [] }),
      expected: [
        'TemplateError',
        'spec.pipeline[2].inputs.investigation 1:4: SwarmTeam "incident-responder": the step "investigator" may not be done when "notifier" starts; add "investigator" to its dependsOn',
        'spec.pipeline[2].inputs.diagnosis 1:4: SwarmTeam "incident-responder": the step "diagnostician" may not be done when "notifier" starts; add "diagnostician" to its dependsOn',
      ],
    },
    {
      reason: 'a fault in a template, with its place',
      spec: step(0, { inputs: { alert: 'Alert:\n {{ .input.alert | uper }}' }, if: '{{ .steps' }),
      expected: [
        'TemplateError',
        'spec.pipeline[0].inputs.alert 2:20: SwarmTeam "incident-responder": there is no function "uper"; did you mean upper?',
        'spec.pipeline[0].if 1:1: SwarmTeam "incident-responder": the action that starts here is not closed; close it with }}, or write {{ "{{" }} for two braces as text',
      ],
    },
    {
      reason: 'a fault in the output template',
      spec: { ...seed, output: '{{ .steps.notifer.output }}' },
      expected: [
        'TemplateError',
        'spec.output 1:4: SwarmTeam "incident-responder": the step "notifer" does not exist; did you mean notifier?',
      ],
    },
    {
      reason: 'an input that nobody declares and this run does not give',
      spec: step(0, { inputs: { alert: '{{ .input.incident }}' } }),
      expected: [
        'InvalidInput',
        'spec.input: the input "incident" does not exist in this run (which gives alert), and SwarmTeam "incident-responder" reads it in spec.pipeline[0].inputs.alert at line 1, column 4; give it in spec.input, or by swarm run -i NAME=VALUE',
      ],
    },
    {
      reason: 'a role that is a team',
      spec: { ...seed, roles: [{ name: 'investigator', swarmTeam: 'x' }, ...(seed.roles ?? []).slice(1)] },
      expected: [
        'NotSupported',
        'spec.roles[0].swarmTeam: SwarmTeam "incident-responder": not yet supported: a team as a role; make a SwarmAgent and name it in swarmAgent',
      ],
    },
    {
      reason: 'W29 a team without a pipeline',
      spec: { ...seed, pipeline: [] },
      expected: [
        'NotSupported',
        'spec.pipeline: SwarmTeam "incident-responder": not yet supported: teams without a pipeline (roles that delegate to each other); write the order of the roles as spec.pipeline',
      ],
    },
    {
      reason: 'a loop',
      spec: step(0, { loop: { condition: 'x' } }),
      expected: [
        'NotSupported',
        'spec.pipeline[0].loop: SwarmTeam "incident-responder": not yet supported: loops; write the repetitions as steps',
      ],
    },
  ])('refuses $reason', ({ spec, expected }) => {
    expect(faults(take(spec))).toEqual(expected)
  })

  it('W16 refuses an unknown team, and a run of nothing', () => {
    expect(faults(takeSnapshot({ run: runOf({ teamRef: 'nobody' }), team: undefined, agents }))).toEqual([
      'TeamNotFound',
      'spec.teamRef: there is no SwarmTeam "nobody" in namespace "incident-response"; kubectl get swarmteams shows those that exist',
    ])
    expect(faults(takeSnapshot({ run: runOf({}), team: undefined, agents }))[0]).toBe('InvalidInput')
  })
})

describe('the input of a run (W2)', () => {
  const declaring: SwarmTeamSpec = {
    ...seed,
    inputs: [
      { name: 'alert', required: true, description: 'what happened' },
      { name: 'severity', default: 'high' },
      { name: 'runbook' },
      { name: 'count', type: 'number' },
      { name: 'page', type: 'boolean' },
      { name: 'labels', type: 'object' },
      { name: 'hosts', type: 'array' },
    ],
    input: { region: 'eu' },
  }

  it('takes defaults where the run gives nothing, and remembers what is optional', () => {
    expect(snapshotOf(take(declaring, { input: { alert: 'x', region: 'us' } }))).toMatchObject({
      input: { alert: 'x', severity: 'high', region: 'us' },
      optionalInputs: ['runbook', 'count', 'page', 'labels', 'hosts'],
    })
  })

  it('accepts values of the declared types', () => {
    const input = { alert: 'x', count: '-1.5e3', page: 'true', labels: '{"a":1}', hosts: '[]' }
    expect(snapshotOf(take(declaring, { input })).input).toMatchObject(input)
  })

  it.each<{ input: Record<string, string>; expected: string; reason: string }>([
    {
      reason: 'a missing required input',
      input: {},
      expected:
        'spec.input.alert: SwarmTeam "incident-responder" requires the input "alert" (what happened); add alert to spec.input of the run',
    },
    {
      reason: 'an unknown input',
      input: { alert: 'x', alret: 'y' },
      expected: 'spec.input.alret: SwarmTeam "incident-responder" has no input "alret"; did you mean alert?',
    },
    {
      reason: 'a number that is none',
      input: { alert: 'x', count: 'many' },
      expected:
        'spec.input.count: the input "count" must be a number, and "many" is not; write digits, such as "42"',
    },
    {
      reason: 'an empty number',
      input: { alert: 'x', count: '' },
      expected:
        'spec.input.count: the input "count" must be a number, and "" is not; write digits, such as "42"',
    },
    {
      reason: 'a boolean that is none',
      input: { alert: 'x', page: 'yes' },
      expected:
        'spec.input.page: the input "page" must be a boolean, and "yes" is not; write "true" or "false"',
    },
    {
      reason: 'an object that is none',
      input: { alert: 'x', labels: '[]' },
      expected:
        'spec.input.labels: the input "labels" must be a JSON object, and "[]" is not; write JSON: {"key": "value"}',
    },
    {
      reason: 'an array that is none',
      input: { alert: 'x', hosts: '{' },
      expected:
        'spec.input.hosts: the input "hosts" must be a JSON array, and "{" is not; write JSON: ["a", "b"]',
    },
  ])('refuses $reason', ({ input, expected }) => {
    expect(faults(take(declaring, { input }))).toEqual(['InvalidInput', expected])
  })

  it('a template may read every declared input, and no other', () => {
    expect(
      snapshotOf(take({ ...declaring, output: '{{ .input.runbook }}{{ .input.region }}' })).output,
    ).toBeDefined()
    expect(faults(take({ ...declaring, output: '{{ .input.runbok }}' }))).toEqual([
      'TemplateError',
      'spec.output 1:4: SwarmTeam "incident-responder": the input "runbok" does not exist; did you mean runbook?',
    ])
  })

  it('an undeclared input that is missing may be handled by default', () => {
    expect(
      snapshotOf(take({ ...seed, output: '{{ .input.runbook | default "none" }}' })).output,
    ).toBeDefined()
  })

  it('names of inputs are data: __proto__ and constructor are just names', () => {
    const input = JSON.parse('{"alert":"x","__proto__":"y","constructor":"z"}') as Record<string, string>
    const result = take(declaring, { input })
    expect(faults(result)[0]).toBe('InvalidInput')
  })
})

describe('a snapshot of a single agent', () => {
  const take = (spec: SwarmRunSpec) => takeSnapshot({ run: runOf(spec), team: undefined, agents })

  it('is one step, and its prompt is text, not a template', () => {
    expect(
      snapshotOf(take({ agent: 'incident-notifier', prompt: 'Say {{ .x }}', timeoutSeconds: 5 })),
    ).toMatchObject({
      kind: 'agent',
      source: 'incident-notifier',
      timeoutSeconds: 5,
      steps: [
        {
          name: 'incident-notifier',
          agent: 'incident-notifier',
          inputs: [{ name: 'prompt', template: 'Say {{"{{"}} .x }}' }],
        },
      ],
    })
  })

  it('refuses an unknown agent and an empty prompt', () => {
    expect(faults(take({ agent: 'nobody', prompt: 'x' }))[0]).toBe('AgentNotFound')
    expect(faults(take({ agent: 'incident-notifier' }))[0]).toBe('InvalidInput')
    expect(faults(take({ agent: 'incident-notifier', prompt: ' ' }))[0]).toBe('InvalidInput')
  })
})
