import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../api/resource.ts'
import { admit } from './admit.ts'
import { manifest, teamSpec, agents, cluster, errorPaths, warningPaths, changed } from './admit.fixtures.ts'

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
