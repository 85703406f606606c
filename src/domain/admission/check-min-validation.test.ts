import { describe, expect, it } from 'vitest'
import { admit } from './admit.ts'
import { admissionContext } from './context.ts'
import { manifest } from './admit.fixtures.ts'

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
