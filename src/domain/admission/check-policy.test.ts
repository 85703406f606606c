import { describe, expect, it } from 'vitest'
import { manifest, cluster, errorPaths, warningPaths } from './admit.fixtures.ts'

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
