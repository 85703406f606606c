import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../api/resource.ts'
import { admit } from './admit.ts'
import {
  manifest,
  teamSpec,
  team,
  cluster,
  everything,
  errorPaths,
  warningPaths,
  changed,
} from './admit.fixtures.ts'

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
