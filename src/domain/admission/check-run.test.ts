import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../api/resource.ts'
import { admit } from './admit.ts'
import { admissionContext, nothingKnown } from './context.ts'
import {
  manifest,
  investigator,
  diagnostician,
  teamSpec,
  team,
  run,
  agents,
  cluster,
  everything,
  errorPaths,
} from './admit.fixtures.ts'

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
